<?php
// SPDX-License-Identifier: Apache-2.0
// Reads lines A<TAB>B and prints <, = or > as composer/semver orders them, ? where it refuses one.
// With the argument "php": as PHP's version_compare orders them.
$parser = null;
if (($argv[1] ?? '') !== 'php') {
    require 'Composer/Semver/autoload.php';
    $parser = new Composer\Semver\VersionParser();
}
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    try {
        if ($parser) {
            [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
        }
        echo str_starts_with($a, 'dev-') || str_starts_with($b, 'dev-') ? '?' : ['<', '=', '>'][version_compare($a, $b) + 1], "\n";
    } catch (UnexpectedValueException) {
        echo "?\n";
    }
}
