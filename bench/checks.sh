#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One check as configure scripts make them, without a compiler: ten programs, and the shell's own forks.
cd "$1" || exit
cat >conftest.in <<'EOF'
# what is sought
name = usewear
size = 4096 bytes
EOF
if grep '^name *=' conftest.in >/dev/null; then
    name=$(sed -n 's/^name *= *//p' conftest.in)
    size=$(cat conftest.in | sed 's/#.*//' | awk '$1 == "size" { print $3 }')
    double=$(expr "$size" + "$size")
fi
cat conftest.in | tr a-z A-Z >"conftest.$name.$double"
rm -f conftest.in "conftest.$name.$double"
