#!/bin/busybox sh
# The only program of a machine that counts instructions (bench/counted.py): a storm of programs and one of scripts
# that run programs, by turns without a watch and with one.
. /machine.sh
mount -t cgroup2 cgroup /sys/fs/cgroup
rounds=$(told rounds)
seconds=$(told seconds)

# storms STATE: what they tell.
storms() {
    storm "$seconds" "$seconds" /bin/true >>"/out/$1.programs"
    PATH=/usr/bin /bin/storm "$seconds" "$seconds" /usr/bin/sh /checks.sh /tmp/checks >>"/out/$1.scripts"
}

usewear doctor --json >/out/doctor 2>/out/doctor.err
mkdir /tmp/checks
for _ in $(seq "$rounds"); do
    storms off
    usewear watch --json --state /tmp/state >/tmp/told 2>>/out/watch.err &
    watch=$!
    until [ -s /tmp/told ] || ! kill -0 $watch 2>/dev/null; do sleep 0.1; done
    sleep 3
    storms watched
    kill -INT $watch
    wait $watch
    echo $? >>/out/watch.rc
    rm -f /tmp/told
done
send
