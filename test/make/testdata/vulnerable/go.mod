module github.com/tenant-redis/tenant-redis/test/make/testdata/vulnerable

go 1.26.0

require golang.org/x/text v0.21.0
