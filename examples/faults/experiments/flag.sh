#!/bin/sh
# Turns a feature flag on for everybody and off again, as command.yaml asks:
#   flag.sh set|clear|is-set FILE
# is-set ends with 0 if the flag is on and with 1 if it is off. Any other end, such as
# that of grep without its file, proves neither.
set -eu
flag=new_tax_engine file=$2
case $1 in
	set) value=100 ;;
	clear) value=0 ;;
	is-set) exec grep -q "\"$flag\": 100" "$file" ;;
	*) echo "flag.sh: set, clear or is-set, not $1" >&2; exit 2 ;;
esac
# The file is replaced as a whole: who reads it finds the old one or the new one.
cp -p "$file" "$file.$$"
trap 'rm -f "$file.$$"' EXIT
sed "s/\"$flag\": [0-9]*/\"$flag\": $value/" "$file" >"$file.$$"
mv "$file.$$" "$file"
