# In which order images are built from source, and what beside what. scripts/images.sh
# says which: node, names of ci/images/list*, clients, and the cluster itself. Each
# folder of ci/sources is compiled; each of ci/images with packages begins as a Debian.

OF_NODE := kubernetes containerd kube-router etcd coredns cni-plugins crictl
PROGRAMS := $(filter-out $(OF_NODE),$(notdir $(wildcard ci/sources/*)))
SOURCES := $(addprefix source/,$(OF_NODE) $(PROGRAMS))
# Images of Debian's packages, and the suites that these are from.
DEBIANS := $(filter-out clients,$(notdir $(patsubst %/suite,%,$(wildcard ci/images/*/suite))))
SUITES := $(sort $(shell cat ci/*/suite ci/images/*/suite))

.PHONY: node cluster clients $(PROGRAMS) $(SOURCES) $(DEBIANS) $(SUITES)

node: $(OF_NODE:%=source/%)
	@scripts/node-image.sh

# It starts while the other images are made.
cluster: $(filter node,$(MAKECMDGOALS))
	@scripts/create-cluster.sh

clients:
	@scripts/clients.sh

$(PROGRAMS): %: source/%
	@scripts/image.sh $@

$(DEBIANS):
	@scripts/image.sh $@

$(foreach image,$(DEBIANS) clients,$(eval $(image): $(shell cat ci/images/$(image)/suite)))
node: $(shell cat ci/node/suite)

$(SUITES):
	@scripts/debian.sh $@

$(SOURCES): source/%:
	@scripts/build-source.sh $*
