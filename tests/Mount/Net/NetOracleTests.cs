namespace Mount.Tests;

/// <summary>/proc/net knows the same sockets and routes. All is done in a namespace of its own, where nobody else has sockets.</summary>
public sealed class NetOracleTests(NetOracleTests.Fixture fixture) : IClassFixture<NetOracleTests.Fixture>
{
    /// <summary>A view, and a namespace with every kind of socket and route in every state that lasts.</summary>
    public sealed class Fixture : IDisposable
    {
        private const string Sockets =
            """
            import os, socket, time
            keep = []
            def listener(family, address):
                s = socket.socket(family); s.bind((address, 0)); s.listen(2); keep.append(s)
                return s
            for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
                s = listener(family, address)
                for i in range(2):
                    c = socket.create_connection(s.getsockname()[:2]); a, _ = s.accept(); keep += [c, a]
                    c.send(b'x' * (1000 * i))                 # waits to be read
                c = socket.create_connection(s.getsockname()[:2]); a, _ = s.accept()
                a.close(); keep.append(c)                     # close_wait, and fin_wait2 of nobody
                c = socket.create_connection(s.getsockname()[:2]); a, _ = s.accept()
                c.shutdown(socket.SHUT_WR); a.recv(1); a.close(); c.close()  # time_wait
                keep.append(socket.create_connection(s.getsockname()[:2]))   # nobody accepts it
                c = socket.create_connection(s.getsockname()[:2]); a, _ = s.accept(); keep += [c, a]
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')
                c.setsockopt(socket.SOL_SOCKET, 47, 1000000)  # SO_MAX_PACING_RATE
                c.setblocking(False)
                try:
                    while True: c.send(b'y' * 65536)          # until both queues are full: a window probe
                except BlockingIOError: pass
            full = socket.socket(); full.bind(('127.0.0.1', 0)); full.listen(0); keep.append(full)
            keep.append(socket.create_connection(full.getsockname()))
            for i in range(3):                                # its queue is full: syn_sent
                s = socket.socket(); s.setblocking(False); s.connect_ex(full.getsockname()); keep.append(s)
            dual = socket.create_server(('', 0), family=socket.AF_INET6, dualstack_ipv6=True); keep.append(dual)
            keep.append(socket.create_connection(('127.0.0.1', dual.getsockname()[1])))
            for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
                u = socket.socket(family, socket.SOCK_DGRAM); u.bind((address, 0)); keep.append(u)
                v = socket.socket(family, socket.SOCK_DGRAM); v.connect(u.getsockname()); v.send(b'z' * 700); keep.append(v)
                w = socket.socket(family, socket.SOCK_DGRAM); w.bind((address, 0)); keep.append(w)
                w.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                for i in range(100): v.sendto(b'z' * 700, w.getsockname())   # more than fits: drops
            os.setresuid(0, 65534, 0)
            nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); nobody.bind(('127.0.0.1', 0)); keep.append(nobody)
            os.setresuid(0, 0, 0)
            directory = os.environ['UNIX']
            for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET:
                s = socket.socket(socket.AF_UNIX, kind); s.bind(f'{directory}/a b{int(kind)}\n\x1b\\'); s.listen(); keep.append(s)
                c = socket.socket(socket.AF_UNIX, kind); c.connect(s.getsockname()); c.send(b'q' * 100); keep.append(c)
                c = socket.socket(socket.AF_UNIX, kind); c.connect(s.getsockname()); a, _ = s.accept(); keep += [c, a]
            keep += socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\0abstract\0name \n'); keep.append(s)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(directory + '/' + 'l' * (106 - len(directory))); keep.append(s)
            for protocol, groups in (0, 0x551), (16, 0), (15, 1):
                s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol); s.bind((0, groups)); keep.append(s)
            time.sleep(1)                                     # timers of what is closing settle
            print('ready', flush=True)
            """;

        private readonly TemporaryDirectory _directory = new();
        private readonly PythonHolder _sockets;

        public Fixture()
        {
            Namespace = new NetNamespace();
            try
            {
                MakeRoutes();
                _sockets = new PythonHolder($"import os\nos.environ['UNIX'] = '{_directory.Path}'\n" + Sockets, Namespace);
                View = new MountedView();
            }
            catch
            {
                _sockets?.Dispose();
                Namespace.Dispose();
                throw;
            }
        }

        private void MakeRoutes() =>
            Namespace.Shell(
                """
                ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip -6 addr add fd00:1::1/64 dev v0 nodad &&
                ip -6 route add fd00:2::/48 via fd00:1::2 dev v0 metric 77 && ip -6 route add blackhole fd00:3::/48 &&
                ip -6 route add fd00:4::/48 dev v1 table 1234 proto static && ip -6 nexthop add id 5 via fd00:1::5 dev v0 &&
                ip -6 route add fd00:5::/48 nhid 5
                """).Succeeded();

        public NetNamespace Namespace { get; }

        public MountedView View { get; }

        public int Owner => _sockets.ProcessId;

        public void Dispose()
        {
            View.Dispose();
            _sockets.Dispose();
            Namespace.Dispose();
            _directory.Dispose();
        }
    }

    // argv: the view. Prints what differs; the last line says how many were compared.
    private const string Compare =
        """
        import json, re, socket, struct, sys
        view = sys.argv[1] + '/net/'
        states = 'x established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack listen closing'.split()
        timers = 'none retransmit keepalive time_wait probe'.split()
        def address(digits):
            raw = b''.join(struct.pack('=I', int(digits[i:i + 8], 16)) for i in range(0, len(digits), 8))
            return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
        def lines(name, header=True):
            return open('/proc/net/' + name, 'rb').read().split(b'\n')[header:-1]
        def end(text):
            a, p = text.split(':')
            return address(a), int(p, 16)
        def inet(name):
            tcp = name.startswith('tcp')
            for f in (line.decode().split() for line in lines(name)):
                tx, rx = (int(q, 16) for q in f[4].split(':'))
                row = (*end(f[1]), *end(f[2]), states[int(f[3], 16)], tx, rx, int(f[7]), int(f[9]), int(f[10]))
                if not tcp: yield row + (int(f[12]),)
                else:
                    timer = int(f[5].split(':')[0], 16)
                    more = (0,) * 5 if len(f) < 17 else (int(f[12]) * 10, int(f[13]) * 10, int(f[14]), int(f[15]), int(f[16]))
                    yield row + (timers[timer], int(f[8])) + more
        def inet_view(name):
            for o in json.load(open(view + name + '.json')):
                row = (o['local_address'], o['local_port'], o['remote_address'], o['remote_port'], o['state'], o['tx_queue'], o['rx_queue'],
                       o.get('uid', 0), o.get('inode', 0), o['refcnt'])
                if not name.startswith('tcp'): yield row + (o['drops'],)
                else:
                    threshold = o.get('fastopen_queue', o.get('ssthresh', -1 if 'cwnd' in o else 0))
                    more = (o.get('rto_ms', 0) // 10 * 10, o.get('ato_ms', 0) // 10 * 10, o.get('quick_ack', 0) * 2 + o.get('pingpong', 0), o.get('cwnd', 0), threshold)
                    yield row + (o['timer'], o['probes']) + more
        def unix():
            for line in lines('unix'):
                f = re.fullmatch(rb'[0-9a-f]+: (\w+) (\w+) (\w+) (\w+) (\w+) +(\d+) ?(.*)', line, re.S)
                # what follows a newline in a name is a line of its own there
                if f: yield tuple(int(f[i], 16) for i in (1, 3, 4, 5)) + (int(f[6]), f[7])
        def unix_view():
            types = dict(stream=1, dgram=2, seqpacket=5)
            unix_states = 'free unconnected connecting connected disconnecting'.split()
            for o in json.load(open(view + 'unix.json')):
                yield (o['refcnt'], o['flags'], types[o['type']], unix_states.index(o['state']), o.get('inode', 0), o.get('path', '').encode())
        def netlink():
            for f in (line.split() for line in lines('netlink')):
                yield (int(f[1]), int(f[2]), int(f[3], 16), int(f[4]), int(f[5]), int(f[6]), int(f[7]), int(f[8]), int(f[9]))
        def netlink_view():
            names = ('route unused usersock firewall sock_diag nflog xfrm selinux iscsi audit fib_lookup connector netfilter ip6_fw dnrtmsg '
                     'kobject_uevent generic 17 scsitransport ecryptfs rdma crypto smc').split()
            for o in json.load(open(view + 'netlink.json')):
                yield (names.index(o['protocol']), o['portid'], o['groups'] & 0xffffffff, o['rx_queue'], o['tx_queue'], o['dump'], o['refcnt'], o['drops'], o.get('inode', 0))
        def route():
            for f in (line.decode().split() for line in lines('ipv6_route', False)):
                a = [socket.inet_ntop(socket.AF_INET6, bytes.fromhex(f[i])) for i in (0, 2, 4)]
                yield a[0], int(f[1], 16), a[1], int(f[3], 16), a[2], int(f[5], 16), int(f[6], 16), int(f[8], 16), f[9]
        def route_view():
            for o in json.load(open(view + 'ipv6_route.json')):
                yield (o['destination'], o['destination_len'], o['source'], o['source_len'], o['gateway'], o['metric'], o['refcnt'], o['flags'], o.get('dev', ''))
        compared = []
        for name in 'tcp', 'tcp6', 'udp', 'udp6', 'unix', 'netlink', 'ipv6_route':
            if name == 'unix': pair = unix, unix_view
            elif name == 'netlink': pair = netlink, netlink_view
            elif name == 'ipv6_route': pair = route, route_view
            else: pair = (lambda: inet(name)), (lambda: inet_view(name))
            wanted, got = sorted(pair[0]()), sorted(pair[1]())
            if name == 'unix': got = [row if b'\n' not in row[5] else row[:5] + (row[5].split(b'\n')[0],) for row in got]
            for row in wanted:
                if row not in got: print(name, 'lacks', row)
            for row in got:
                if row not in wanted: print(name, 'has', row)
            if len(wanted) != len(got): print(name, 'has', len(got), 'rows instead of', len(wanted))
            compared.append(f'{name}={len(wanted)}')
        print('compared', *compared)
        """;

    private readonly MountedView _view = fixture.View;
    private readonly NetNamespace _namespace = fixture.Namespace;

    [Fact]
    public void The_same_sockets_and_routes_as_in_proc_net()
    {
        // a timer may fire between the two readings
        string output = "";
        Assert.True(Poll.Until(() => (output = _namespace.Python(Compare, _view.Root).Succeeded().Output).StartsWith("compared", StringComparison.Ordinal), 20), output);
        Dictionary<string, int> compared = output.Split(' ', '\n').Where(w => w.Contains('=', StringComparison.Ordinal)).Select(w => w.Split('='))
            .ToDictionary(w => w[0], w => int.Parse(w[1], System.Globalization.CultureInfo.InvariantCulture));
        foreach ((string name, int least) in new[] { ("tcp", 15), ("tcp6", 12), ("udp", 4), ("udp6", 3), ("unix", 10), ("netlink", 5), ("ipv6_route", 5) })
            Assert.True(compared[name] >= least, output);
        string states = _namespace.Shell("cut -c 1- \"$1\"/net/tcp \"$1\"/net/tcp6", _view.Root).Succeeded().Output;
        Assert.All((string[])["listen", "established", "close_wait", "fin_wait2", "time_wait", "syn_sent", "probe"], state => Assert.Contains($" {state} ", states, StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_kernel_tells_the_owner_of_a_tcp_socket()
    {
        const string script =
            """
            import json, os, socket, struct, sys
            a = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(a.getsockname()); s, _ = a.accept()
            for i in range(20): c.send(b'x' * 1000); s.recv(1000)
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')
            c.setsockopt(socket.SOL_SOCKET, 47, 12345678)
            info = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            at = lambda offset: struct.unpack_from('I', info, offset)[0]
            wanted = dict(rto_ms=at(8) // 1000, rtt_us=at(68), rttvar_us=at(72), cwnd=at(80), total_retransmits=at(100), unacked=at(24), lost=at(32),
                          min_rtt_us=at(148), pacing_rate=struct.unpack_from('Q', info, 104)[0], congestion='reno', uid=0,
                          cgroup=[l for l in open('/proc/self/cgroup') if l.startswith('0::')][0][3:-1])
            inode = os.fstat(c.fileno()).st_ino
            found = [o for o in json.load(open(sys.argv[1] + '/net/tcp.json')) if o.get('inode') == inode][0]
            for key, value in wanted.items():
                if found.get(key) != value: print(key, found.get(key), 'should be', value)
            """;
        Assert.Equal("", _namespace.Python(script, _view.Root).Succeeded().Output);
    }

    [Fact]
    public void Every_owner_of_a_socket_is_told_to_who_may_know()
    {
        using PythonHolder holder = new(
            """
            import ctypes, os, socket
            libc = ctypes.CDLL(None); libc.prctl(15, b'a b\n\x1b', 0, 0, 0)
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, 36, 0x2a) # SO_MARK
            fd = os.dup(s.fileno())
            print(os.fstat(fd).st_ino, s.fileno(), fd, flush=True)
            """, _namespace);
        string[] said = holder.Line.Split(' ');
        string file = _view.At("net/pids");
        string[][] rows = [.. _namespace.Shell("cat \"$1\"", file).Succeeded().Output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        foreach (string fd in said[1..])
            Assert.Contains(rows, row => row.SequenceEqual([said[0], $"{holder.ProcessId}", fd, "udp6", "0x2a", "a\\x20b\\n\\x1b"]));
        Assert.Contains(rows, row => row.Length > 1 && row[1] == $"{fixture.Owner}");
        Assert.DoesNotContain($" {holder.ProcessId} ", _view.Read("net/pids"), StringComparison.Ordinal); // it is not in our namespace
        Assert.Equal("640 640", Tool.Shell("stat -c %a \"$1\" \"$1.json\" | xargs", file).Output.TrimEnd());
        Assert.Contains("Permission denied", Tool.AsNobody("cat \"$1\"", file).Errors, StringComparison.Ordinal);
        foreach (string name in (string[])["tcp", "tcp6", "udp", "udp6", "quic", "unix", "netlink", "ipv6_route"])
            Assert.Equal(2, Tool.AsNobody("head -n 1 \"$1\"; cat \"$1.json\" | head -c 1", _view.At($"net/{name}")).Succeeded().Output.Split('\n').Length);
    }

    [Fact]
    public void No_kernel_address_is_shown()
    {
        string all = _namespace.Shell("cd \"$1\"/net && cat *", _view.Root).Succeeded().Output;
        Assert.DoesNotMatch("ffff[89a-f][0-9a-f]{11}", all);
        Assert.InRange(all.Length, 5000, int.MaxValue);
    }
}
