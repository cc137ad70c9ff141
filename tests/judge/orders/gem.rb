# SPDX-License-Identifier: Apache-2.0
# Reads lines A<TAB>B and prints <, = or > as Gem::Version orders them, ? where it refuses one.
STDIN.each_line(chomp: true) do |line|
  a, b = line.split("\t", -1)
  begin
    puts ["<", "=", ">"][(Gem::Version.new(a) <=> Gem::Version.new(b)) + 1]
  rescue ArgumentError
    puts "?"
  end
end
