# In which order images are built from source, and what beside what. scripts/images.sh
# says which: node, names of ci/images/list*, clients, and the cluster itself. Each
# folder of ci/sources is compiled; each of ci/images with packages begins as a Debian.

OF_NODE := kubernetes containerd kube-router etcd coredns cni-plugins crictl
PROGRAMS := $(filter-out $(OF_NODE),$(notdir $(wildcard ci/sources/*)))
SOURCES := $(addprefix source/,$(OF_NODE) $(PROGRAMS))
DEBIANS := $(filter-out clients,$(notdir $(patsubst %/packages,%,$(wildcard ci/images/*/packages))))

.PHONY: node cluster clients debian $(PROGRAMS) $(SOURCES) $(DEBIANS)

node: $(OF_NODE:%=source/%) debian
	@scripts/node-image.sh

# It starts while the other images are made.
cluster: $(filter node,$(MAKECMDGOALS))
	@scripts/create-cluster.sh

clients: debian
	@scripts/clients.sh

$(PROGRAMS): %: source/%
	@scripts/image.sh $@

$(DEBIANS): debian
	@scripts/image.sh $@

debian:
	@scripts/debian.sh

$(SOURCES): source/%:
	@scripts/build-source.sh $*
