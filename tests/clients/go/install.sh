go build -o recordings .
