using System.Text.Json;

namespace Mount.Tests.Fleet;

/// <summary>From the kernel to a query: node_exporter takes the file through a symlink in its directory, Prometheus scrapes it and evaluates the rules.</summary>
public sealed class PrometheusTests : IDisposable
{
    private static readonly HttpClient s_http = new() { Timeout = Patience.Of(10) };
    private readonly Herd<IDisposable> _all = [];
    private readonly TemporaryDirectory _directory;
    private readonly MountedView _view;
    private readonly BpfMap _map;

    public PrometheusTests()
    {
        _directory = Keep(new TemporaryDirectory());
        _map = Keep(BpfMap.Create("fleet_map", MapType.Hash, 4, 8, 10));
        for (uint i = 0; i < 9; i++) _map.Update(i, (ulong)i);
        _view = Keep(new MountedView());
        Directory.CreateDirectory(_directory.At("textfile"));
        File.CreateSymbolicLink(_directory.At("textfile/bpf.prom"), _view.At("metrics/bpf.prom"));
    }

    [Fact]
    public void Collected_scraped_queried()
    {
        int exporterPort = Daemon.FreePort();
        Daemon exporter = Keep(new Daemon(Unpacked.NodeExporter, "--collector.disable-defaults", "--collector.textfile", $"--collector.textfile.directory={_directory.At("textfile")}", $"--web.listen-address=127.0.0.1:{exporterPort}"));
        string? page = null;
        Assert.True(Poll.Until(() => (page = Get($"http://127.0.0.1:{exporterPort}/metrics")) is not null, 30), exporter.Log);
        Assert.Contains("node_textfile_scrape_error 0\n", page, StringComparison.Ordinal);
        (string metric, string value) = KernelNames.HasElementCounts ? ("bpf_map_entries", "9") : ("bpf_map_max_entries", "10");
        Assert.Contains($"{metric}{{id=\"{_map.Id}\",name=\"fleet_map\",type=\"hash\"}} {value}\n", page, StringComparison.Ordinal);
        Assert.Contains("# TYPE bpf_prog_run_time_seconds_total counter\n", page, StringComparison.Ordinal);
        Assert.Contains($"node_textfile_mtime_seconds{{file=\"{_directory.At("textfile/bpf.prom")}\"}}", page, StringComparison.Ordinal);

        File.WriteAllText(_directory.At("prometheus.yml"), $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: ['{{ViewBinary.Repository()}}/packaging/prometheus/bpffs-view.rules.yml']
            scrape_configs:
              - job_name: node
                static_configs: [{targets: ['127.0.0.1:{{exporterPort}}']}]

            """);
        int port = Daemon.FreePort();
        Daemon prometheus = Keep(new Daemon(Unpacked.Prometheus, $"--config.file={_directory.At("prometheus.yml")}", $"--storage.tsdb.path={_directory.At("data")}", $"--web.listen-address=127.0.0.1:{port}"));
        Assert.True(Poll.Until(() => Query(port, $"{metric}{{name=\"fleet_map\",id=\"{_map.Id}\"}}") == value, 60), prometheus.Log);
        Assert.Equal("1", Query(port, "count(bpffs_view_info)"));
        if (!KernelNames.HasElementCounts) return;
        Assert.True(Poll.Until(() => Query(port, $"instance_id:bpf_map_fill:ratio{{name=\"fleet_map\",id=\"{_map.Id}\"}}") == "0.9", 60), prometheus.Log);
        _map.Update(9u, 9ul);
        Assert.True(Poll.Until(() => Query(port, $"bpf_map_entries{{name=\"fleet_map\",id=\"{_map.Id}\"}}") == "10", 60), "it shows an old state");
    }

    [Fact]
    public void A_view_that_is_gone_is_an_error_of_the_collector()
    {
        int port = Daemon.FreePort();
        Daemon exporter = Keep(new Daemon(Unpacked.NodeExporter, "--collector.disable-defaults", "--collector.textfile", $"--collector.textfile.directory={_directory.At("textfile")}", $"--web.listen-address=127.0.0.1:{port}"));
        Assert.True(Poll.Until(() => Get($"http://127.0.0.1:{port}/metrics")?.Contains("bpffs_view_info", StringComparison.Ordinal) == true, 30), exporter.Log);
        Tool.Run("umount", _view.Root).Succeeded();
        Assert.True(Poll.Until(() => Get($"http://127.0.0.1:{port}/metrics")?.Contains("node_textfile_scrape_error 1\n", StringComparison.Ordinal) == true, 30), exporter.Log);
    }

    public void Dispose() => _all.Dispose();

    private static string? Get(string address)
    {
        try
        {
            return s_http.GetStringAsync(address).GetAwaiter().GetResult();
        }
        catch (HttpRequestException)
        {
            return null; // it does not listen yet
        }
    }

    /// <summary>The value of the one sample; null: there is none.</summary>
    private static string? Query(int port, string expression)
    {
        if (Get($"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString(expression)}") is not { } answer) return null;
        using JsonDocument json = JsonDocument.Parse(answer);
        JsonElement result = json.RootElement.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0 ? null : result[0].GetProperty("value")[1].GetString();
    }

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _all.Add(made);
        return made;
    }
}
