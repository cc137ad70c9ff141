// SPDX-License-Identifier: Apache-2.0
// Reads lines A<TAB>B and prints <, = or > as node-semver orders them, ? where it refuses one. The argument is
// the package's folder.
const semver = require(process.argv[2]);
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1)) {
  const [a, b] = line.split('\t');
  console.log(semver.valid(a) && semver.valid(b) ? '<=>'[semver.compare(a, b) + 1] : '?');
}
