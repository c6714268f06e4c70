module github.com/tenant-redis/tenant-redis

go 1.26.0

require (
	github.com/gruntwork-io/terratest v1.0.1
	github.com/redis/go-redis/v9 v9.23.0
	github.com/stretchr/testify v1.11.1
	go.yaml.in/yaml/v3 v3.0.6
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/client-go v0.37.2
)
