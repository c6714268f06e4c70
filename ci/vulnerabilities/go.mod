module github.com/tenant-redis/tenant-redis/ci/vulnerabilities

go 1.26.0

// The database of vulnerabilities that scripts/vulnerabilities.sh searches in.
require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
