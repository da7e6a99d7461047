#!/bin/sh
# Writes the digest of a config into manifests, in the place of every digest that stands
# there behind `candidate:` or `digest:`. Run it in the commit that changes the config.
#
#   set-digest.sh CONFIG MANIFEST...
set -eu
[ $# -ge 2 ] || {
	echo "usage: set-digest.sh CONFIG MANIFEST..." >&2
	exit 2
}
sum=$(sha256sum <"$1" | cut -d ' ' -f 1)
shift
for manifest in "$@"; do
	grep -Eq '^ *(candidate|digest): sha256:[0-9a-f]{64}$' "$manifest" || {
		echo "$manifest: no line has candidate: or digest: and a digest" >&2
		exit 1
	}
	sed -E "s/^( *(candidate|digest): sha256:)[0-9a-f]{64}\$/\\1$sum/" "$manifest" >"$manifest.part"
	mv "$manifest.part" "$manifest"
done
