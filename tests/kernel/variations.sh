# Machines that are set up otherwise. Read by guest.sh.

# What doctor says, and whether a look still works.
look_at() {
    keep "$1" usewear doctor --json
    keep "$1-scan" usewear scan --json
}

# silence NAME: what is said of a function that nobody calls, of a process that runs others all the time.
silence() {
    mkfifo "/tmp/$1.steer"
    functions <>"/tmp/$1.steer" >/dev/null &
    victim=$!
    (while kill -0 $victim 2>/dev/null; do echo a; nap; done >"/tmp/$1.steer") &
    usewear watch --json --state "/tmp/$1" --function /bin/functions:victim_b >"/tmp/$1.told" 2>"/out/$1.watch" &
    watch=$!
    wait_lines "/tmp/$1.told" 1
    sleep 10
    keep "$1" usewear functions $victim --json --state "/tmp/$1"
    kill -INT $watch
    wait $watch
    kill $victim
}

part_variations() {
    umount /sys/kernel/tracing
    keep no-tracefs usewear doctor --json
    mount -t tracefs trace /sys/kernel/tracing

    for level in 3 4; do
        echo $level >/proc/sys/kernel/perf_event_paranoid
        keep paranoid-$level usewear doctor --json
    done
    echo 1 >/proc/sys/kernel/unprivileged_bpf_disabled
    keep unprivileged-bpf usewear doctor --json

    mount -o remount,hidepid=2 /proc
    keep hidepid-as-root usewear doctor --json
    keep hidepid-in-its-group kernel-test without sys_ptrace usewear doctor --json
    mount -o remount,hidepid=4 /proc
    keep hidepid-without-sys_ptrace kernel-test without sys_ptrace usewear doctor --json
    mount -o remount,hidepid=0 /proc

    # So much locked memory that nothing fits, and no right to take more.
    (ulimit -l 64; keep memlock kernel-test without sys_resource usewear doctor --json)
    for right in bpf,sys_admin perfmon,sys_admin sys_ptrace sys_admin checkpoint_restore,sys_admin; do
        keep "without-$right" kernel-test without $right usewear doctor --json
    done
    keep user-namespace unshare -U -r usewear doctor --json
    keep pid-namespace unshare -p -f --mount-proc usewear doctor --json

    start_python && keep yama-0-python usewear functions "$python" --json --all
    for scope in 1 2 3; do
        echo $scope >/proc/sys/kernel/yama/ptrace_scope
        keep yama-$scope usewear doctor --json
        [ -z "$python" ] || keep yama-$scope-python usewear functions "$python" --json --all
        [ $scope = 1 ] || silence yama-$scope-silence
    done

    keep yama-3-scan usewear scan --json

    mount -t tmpfs hidden /sys/kernel/btf
    look_at no-btf
    umount /sys/kernel/btf

    # Neither can be taken back.
    echo integrity >/sys/kernel/security/lockdown
    look_at integrity
    echo confidentiality >/sys/kernel/security/lockdown
    look_at confidentiality
}

# Two workloads in the hierarchy that Usewear has chosen; one mapping each.
two_workloads() {
    keep "$1" usewear doctor --json
    where=$(sed -n 's/.*"mount": "\(.*\)".*/\1/p' "/out/$1.out")
    mkdir -p "$where/one" "$where/two"
    watched "$1-events" "--type map --comm steered" -- '
        for cgroup in one one two; do
            printf "map %s 2\n" $library | sh -c "echo \$\$ >$where/$cgroup/cgroup.procs; exec steered" >/dev/null
        done'
}

part_cgroups() {
    rmdir /sys/fs/cgroup/one /sys/fs/cgroup/two
    umount /sys/fs/cgroup
    mount -t tmpfs cgroup /sys/fs/cgroup
    for controller in memory pids cpu freezer; do
        mkdir "/sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" "$controller" "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
    done
    two_workloads cgroup-v1
    mkdir /sys/fs/cgroup/unified
    mount -t cgroup2 unified /sys/fs/cgroup/unified
    two_workloads cgroup-hybrid
}

# KiB that the kernel has taken for maps and for each CPU, by its own meters; the ring's pages are in neither.
meters() { awk '/^(VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo; }

part_cpus() {
    cp /sys/devices/system/cpu/possible /out/possible.out
    meters >/out/meters-before.out
    watched meters "" -- 'meters >/out/meters-taken.out'
}
