#!/bin/busybox sh
# The only program of a machine that counts instructions (bench/counted.py): a storm of programs, by turns without
# a watch and with one; what it prints goes over the console, as base64 between two marks.
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp /out /run
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tracefs trace /sys/kernel/tracing 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t tmpfs out /out
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
dmesg -n 1
rounds=$(sed -n 's/.*usewear\.rounds=\([^ ]*\).*/\1/p' /proc/cmdline)
seconds=$(sed -n 's/.*usewear\.seconds=\([^ ]*\).*/\1/p' /proc/cmdline)

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
cd /out && tar -cz . | base64 >/tmp/sent
stty -opost 2>/dev/null
echo BEGIN-RESULTS
cat /tmp/sent
echo END-RESULTS
poweroff -f
