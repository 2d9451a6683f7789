using System.Globalization;

namespace Mount.Tests;

/// <summary>
/// A table of any length is listed whole, by a server whose memory does not grow with it. 20,000 sockets here;
/// SOCKETS=100000 in the environment makes it the full number.
/// </summary>
public sealed class ManySocketsTests(PlainView view) : IClassFixture<PlainView>
{
    private const int PerProcess = 9000; // the usual limit of descriptors is 20,000; 10,000 with two of each
    private static readonly int s_sockets = int.Parse(Environment.GetEnvironmentVariable("SOCKETS") ?? "20000", CultureInfo.InvariantCulture);

    private const string Open =
        """
        import resource, socket, sys
        first, count = int(sys.argv[1]), int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        keep = []
        for i in range(first, first + count):
            if i % 2: keep.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            else:
                u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind((f'127.1.{i // 20000}.1', 1025 + i % 20000)); keep.append(u)
        print('ready', flush=True)
        """;

    [Fact]
    public void All_of_many_sockets_are_listed_and_memory_stays_flat()
    {
        using NetNamespace ns = new();
        List<PythonHolder> holders = [];
        try
        {
            Read(ns); // whatever is made once, is made
            long before = ResidentKilobytes();
            for (int first = 0; first < s_sockets; first += PerProcess)
                holders.Add(new PythonHolder(Open, ns, $"{first}", $"{Math.Min(PerProcess, s_sockets - first)}"));
            // all that /proc has, and once each
            const string compare =
                """
                for table in udp unix; do
                    case $table in udp) at=10 row='{ print $9 }';; unix) at=7 row='{ print $7 }';; esac
                    awk -v at=$at 'NR > 1 { print $at }' /proc/net/$table | sort >"$2/proc"
                    awk "NR > 1 $row" "$1/net/$table" | sort >"$2/view"
                    cmp "$2/proc" "$2/view" && wc -l <"$2/view"
                    /usr/bin/python3 -c 'import json, sys; print("\n".join(str(o["inode"]) for o in json.load(open(sys.argv[1]))))' "$1/net/$table.json" | sort | cmp - "$2/proc"
                done
                /usr/bin/python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$1/net/pids.json"
                """;
            using TemporaryDirectory directory = new();
            string[] counts = ns.Shell(compare, view.Root, directory.Path).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal([$"{s_sockets / 2}", $"{s_sockets / 2}", $"{s_sockets}"], counts);
            Read(ns);
            Assert.InRange(ResidentKilobytes() - before, -100000, 24 * 1024); // buffers of several readers at once; 20,000 sockets alone are 5 MB of records
        }
        finally
        {
            foreach (PythonHolder holder in holders) holder.Dispose();
        }
    }

    private void Read(NetNamespace ns) => ns.Shell("for i in 1 2 3; do cat \"$1\"/net/* >/dev/null; done", view.Root).Succeeded();

    private long ResidentKilobytes() => long.Parse(
        File.ReadAllLines($"/proc/{view.ProcessId}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(),
        CultureInfo.InvariantCulture);
}
