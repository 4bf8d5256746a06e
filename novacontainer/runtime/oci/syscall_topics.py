"""System calls by topic: what a container's process may ask of the kernel.

Called by ``oci.seccomp``.  A leaf: data.

The choice equals Docker's default profile in effect ("Seccomp security
profiles for Docker"; a test compares it with the profile that Debian's
golang-github-containers-common installs, when that is present, and lists
every difference).  Left out on purpose: what is not namespaced (time, keys,
modules, kexec, quotas, swap), what has a record of kernel holes (bpf,
io_uring, userfaultfd, perf_event_open, nested namespaces), and what is
obsolete.  Names that an architecture does not have are no error.
"""

#: Always allowed, whatever the capabilities.
TOPICS: dict[str, str] = {
    'open, close and duplicate': """
        open openat openat2 creat close close_range dup dup2 dup3
        name_to_handle_at memfd_create memfd_secret
        pipe pipe2 eventfd eventfd2 signalfd signalfd4
        timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
        timerfd_settime64""",
    'read and write': """
        read readv pread64 preadv preadv2 write writev pwrite64 pwritev
        pwritev2 sendfile sendfile64 copy_file_range splice tee vmsplice
        readahead lseek _llseek""",
    'asynchronous input and output': """
        io_setup io_submit io_cancel io_destroy io_getevents
        io_pgetevents io_pgetevents_time64""",
    'file status': """
        stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx
        statfs statfs64 fstatfs fstatfs64 access faccessat faccessat2
        readlink readlinkat ustat""",
    'file attributes': """
        chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32
        fchownat lchown lchown32 utime utimes futimesat utimensat
        utimensat_time64 umask
        getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr
        listxattr llistxattr flistxattr
        removexattr lremovexattr fremovexattr""",
    'names and directories': """
        link linkat symlink symlinkat unlink unlinkat rename renameat
        renameat2 mkdir mkdirat rmdir mknod mknodat getdents getdents64
        chdir fchdir getcwd""",
    'allocation and durability': """
        truncate truncate64 ftruncate ftruncate64 fallocate fadvise64
        fadvise64_64 fsync fdatasync sync syncfs sync_file_range flock
        fcntl fcntl64 ioctl""",
    'change notification': """
        inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
        fanotify_mark""",
    'waiting for descriptors': """
        select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64
        epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait
        epoll_wait_old epoll_pwait epoll_pwait2""",
    'memory': """
        brk mmap mmap2 munmap mremap mprotect madvise mincore msync
        mlock mlock2 mlockall munlock munlockall membarrier
        remap_file_pages process_mrelease cachestat mseal
        map_shadow_stack
        pkey_alloc pkey_free pkey_mprotect""",
    'sockets': """
        socketcall socketpair bind listen accept accept4 connect
        getsockname getpeername getsockopt setsockopt shutdown
        send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg
        recvmmsg_time64""",
    'System V and POSIX message passing': """
        ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
        semtimedop_time64 shmat shmctl shmdt shmget
        mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend
        mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64""",
    'processes': """
        fork vfork execve execveat exit exit_group wait4 waitid waitpid
        getpid getppid gettid getpgid getpgrp getsid setpgid setsid
        pidfd_open pidfd_send_signal prctl
        set_tid_address set_robust_list get_robust_list rseq
        set_thread_area get_thread_area""",
    "watching one's own processes": """
        ptrace process_vm_readv process_vm_writev""",
    'signals': """
        kill tkill tgkill pause sigreturn rt_sigreturn rt_sigaction
        rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigsuspend
        rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
        sigaction sigaltstack signal sigpending sigprocmask sigsuspend
        restart_syscall""",
    'locks between threads': """
        futex futex_time64 futex_waitv futex_wake futex_wait
        futex_requeue""",
    'users and groups': """
        getuid getuid32 geteuid geteuid32 getgid getgid32 getegid
        getegid32 getresuid getresuid32 getresgid getresgid32 getgroups
        getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32
        setregid setregid32 setresuid setresuid32 setresgid setresgid32
        setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
        capget capset seccomp
        landlock_create_ruleset landlock_add_rule landlock_restrict_self""",
    'scheduling and limits': """
        getpriority setpriority sched_yield sched_getaffinity
        sched_setaffinity sched_getattr sched_setattr sched_getparam
        sched_setparam sched_getscheduler sched_setscheduler
        sched_get_priority_max sched_get_priority_min
        sched_rr_get_interval sched_rr_get_interval_time64 getcpu
        ioprio_get ioprio_set getrlimit setrlimit ugetrlimit prlimit64
        getrusage""",
    'time': """
        time times gettimeofday clock_getres clock_getres_time64
        clock_gettime clock_gettime64 clock_nanosleep
        clock_nanosleep_time64 clock_adjtime clock_adjtime64 adjtimex
        nanosleep alarm getitimer setitimer timer_create timer_delete
        timer_getoverrun timer_gettime timer_gettime64 timer_settime
        timer_settime64""",
    'about the system': """
        uname sysinfo getrandom""",
}

#: Allowed in addition to a container that has the capability.
BY_CAPABILITY: dict[str, str] = {
    'CAP_BPF': 'bpf',
    'CAP_DAC_READ_SEARCH': 'open_by_handle_at',
    'CAP_PERFMON': 'perf_event_open',
    'CAP_SYSLOG': 'syslog',
    'CAP_SYS_ADMIN': """
        bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick
        listmount lookup_dcookie lsm_get_self_attr lsm_list_modules
        lsm_set_self_attr mount mount_setattr move_mount open_tree
        perf_event_open quotactl quotactl_fd setdomainname sethostname
        setns statmount syslog umount umount2 unshare""",
    'CAP_SYS_BOOT': 'reboot',
    'CAP_SYS_CHROOT': 'chroot',
    'CAP_SYS_MODULE': 'delete_module finit_module init_module',
    'CAP_SYS_NICE': """
        get_mempolicy mbind set_mempolicy set_mempolicy_home_node""",
    'CAP_SYS_PACCT': 'acct',
    'CAP_SYS_PTRACE': 'kcmp pidfd_getfd process_madvise',
    'CAP_SYS_RAWIO': 'ioperm iopl',
    'CAP_SYS_TIME': 'clock_settime clock_settime64 settimeofday stime',
    'CAP_SYS_TTY_CONFIG': 'vhangup',
}

#: Allowed in addition on a machine (``uname -m``).
BY_MACHINE: dict[str, str] = {
    'x86_64': 'arch_prctl modify_ldt',
    'aarch64': """
        arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush
        set_tls sync_file_range2""",
}
