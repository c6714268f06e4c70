# The Debian of one image: its folder has the list of packages, and names the suite.
ARG SUITE
FROM tenant-redis.local/debian:$SUITE
COPY packages /
RUN apt-get update \
 && xargs --arg-file=/packages apt-get install --yes --no-install-recommends \
 && rm -rf /packages /var/lib/apt/lists/* /var/cache/apt/*
