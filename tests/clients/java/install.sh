mvn --batch-mode --quiet compile dependency:build-classpath -Dmdep.outputFile=target/classpath
