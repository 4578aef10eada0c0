mvn --batch-mode --quiet compile dependency:copy-dependencies
