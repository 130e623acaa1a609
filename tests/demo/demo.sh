#!/bin/sh
# The demo: an image made by code, its SBOM, a database from a few public advisories, and the findings. Only the public command lines are used;
# the same lines take your own image and feeds. SOURCE_DATE_EPOCH makes every run print the same.
set -eu
cd "$(dirname "$0")/../.."
export SOURCE_DATE_EPOCH=1767225600
demo=build/demo
rm -rf "$demo"
mkdir -p "$demo"
run() {
  printf '$ %s\n' "$*"
  "$@"
  printf '\n'
}

python -m tests.demo.image "$demo/web.tar"
run sbomgen layers "$demo/web.tar"
run sbomgen "$demo/web.tar" --scope all-layers -o "cyclonedx-json=$demo/web.cdx.json" -o "spdx-json=$demo/web.spdx.json"
run sbommatch db build alpine-secdb=feeds/demo/alpine-secdb osv-pypi=feeds/demo/osv-pypi --db "$demo/feeds.json"
run sbommatch "$demo/web.cdx.json" --db "$demo/feeds.json"
