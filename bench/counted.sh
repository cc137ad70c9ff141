#!/bin/busybox sh
# The only program of a machine that counts instructions (bench/counted.py): a storm of programs, by turns without
# a watch and with one.
. /machine.sh
mount -t cgroup2 cgroup /sys/fs/cgroup
rounds=$(told rounds)
seconds=$(told seconds)

# storm_as NAME: what it tells.
storm_as() { storm "$seconds" "$seconds" /bin/true >>"/out/$1"; }

usewear doctor --json >/out/doctor 2>/out/doctor.err
for _ in $(seq "$rounds"); do
    storm_as off
    usewear watch --json --state /tmp/state >/tmp/told 2>>/out/watch.err &
    watch=$!
    until [ -s /tmp/told ] || ! kill -0 $watch 2>/dev/null; do sleep 0.1; done
    sleep 3
    storm_as watched
    kill -INT $watch
    wait $watch
    echo $? >>/out/watch.rc
    rm -f /tmp/told
done
send
