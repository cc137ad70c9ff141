# The clock jumps, and memory runs out. Read by guest.sh.

sample() { echo "$1 $(ls /proc/$watch/fd | wc -l) $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$watch/status)" >>/out/clock-samples.out; }

# Beside a watch and a stream of events, the wall clock goes four years on, eight back, to 1970, and home; there
# are storms on both sides of each jump, and three looks behind it.
part_clock() {
    now=$(date +%s)
    usewear watch --json --interval 2 >/out/clock-looks.out 2>/out/clock-looks.err &
    watch=$!
    wait_lines /out/clock-looks.out 4 # it has opened all that it will
    cat /proc/$watch/status >/out/watch-status.out
    sample before
    watched clock "" -- '
        for jump in 126230400 -126230400 $((86400 - now)) 0; do
            storm 50 >/dev/null
            date -s "@$((now + jump))" >/dev/null
            storm 50 >/dev/null
            wait_lines /out/clock-looks.out $(($(wc -l </out/clock-looks.out) + 3))
            sample "$jump"
        done'
    kill -TERM $watch
    wait $watch
    echo $? >/out/clock-looks.rc
    keep clock-report usewear report --json
}

# How much can still be had, in KiB.
available() { sed -n 's/^MemAvailable:[^0-9]*\([0-9]*\).*/\1/p' /proc/meminfo; }

# Files in memory until only so many KiB are left; there is no swap that they could go to.
eat_until() {
    mkdir -p /hog
    mount -t tmpfs -o size=100% hog /hog
    while [ "$(available)" -gt "$1" ]; do
        dd if=/dev/zero of=/hog/$(ls /hog | wc -l) bs=1M count=$((($(available) - $1) / 2048 + 1)) 2>/dev/null || break
    done
    available >/out/pressure-left.out
}

part_pressure() {
    eat_until 40000
    keep pressure-ring usewear events --ring 1073741824
    # What is printed is counted, not kept: the files lie in memory, too.
    mkfifo /out/pressure.out
    awk '/"type":"map"/ { maps++; next } { print } END { print maps + 0 >"/out/pressure.count" }' \
        </out/pressure.out >/out/pressure-lives.out &
    counter=$!
    watched pressure "--type exec,fork,exit,map --all" -- '
        storm 200 >/out/pressure-storm.out
        kill -STOP $sensor
        printf "map %s 20000\n" $library | steered >/dev/null
        kill -CONT $sensor'
    wait $counter
    rm /out/pressure.out
    umount /hog
}
