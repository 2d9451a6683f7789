using System.CommandLine;
using Benchmarks;

Option<string> peers = new("--peers") { Required = true };
Option<string?> rows = new("--rows");
Option<int> rounds = new("--rounds") { DefaultValueFactory = _ => 7 };
Option<int> requests = new("--requests") { DefaultValueFactory = _ => 1_000_000 };
Option<bool> uring = new("--io-uring");
Option<string?> curves = new("--curves");
Option<string?> table = new("--table");
RootCommand command = new("Times the view beside its peers.") { peers, rows, rounds, requests, uring, curves, table };
command.SetAction(parsed =>
{
    using UringSwitch? enabled = parsed.GetValue(uring) ? new UringSwitch() : null;
    var bench = new Bench(parsed.GetRequiredValue(peers), parsed.GetValue(rounds));
    string? wanted = parsed.GetValue(rows);
    var all = Rows.All.Append(("memory", (Func<Bench, IEnumerable<Result>>)(b => Memory.Run(b, parsed.GetValue(requests)))));
    using var report = new Report(parsed.GetValue(table), bench.Rounds);
    foreach ((string name, Func<Bench, IEnumerable<Result>> run) in all)
    {
        if (wanted is not null && !name.Contains(wanted, StringComparison.Ordinal)) continue;
        foreach (Result result in run(bench)) report.Add(result);
    }
    if (parsed.GetValue(curves) is { } directory) Curves.Draw(bench, directory);
});
return command.Parse(args).Invoke();
