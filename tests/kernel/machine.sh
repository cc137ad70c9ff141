# What each machine begins and ends with. Read by guest.sh and bench/counted.sh.
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp /out /run
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tracefs trace /sys/kernel/tracing 2>/dev/null
mount -t securityfs security /sys/kernel/security 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t tmpfs out /out
ip link set lo up
dmesg -n 1

# told NAME: the value of that word of the kernel's command line.
told() { sed -n "s/.*usewear\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

# Send what lies under /out over the console, as base64 between two marks, and end the machine.
send() {
    cd /out && tar -cz . | base64 >/tmp/sent
    stty -opost 2>/dev/null
    echo BEGIN-RESULTS
    cat /tmp/sent
    echo END-RESULTS
    poweroff -f
}
