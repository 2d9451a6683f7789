namespace BpfFs.Kernels.Tests;

/// <summary>One result line of a guest, with the diagnostic lines that follow it.</summary>
/// <param name="Ok">"ok", not "not ok".</param>
/// <param name="Text">The line, e.g. "not ok 2 - 21-progs: header # no line is ...".</param>
/// <param name="Notes">The indented "#   ..." lines after it: what the guest saw.</param>
public sealed record TapLine(bool Ok, string Text, IReadOnlyList<string> Notes)
{
    public override string ToString() => string.Join('\n', [Text, .. Notes]);
}

/// <summary>Reads the output of tools/vm-test/run, which is TAP with the plan at its end.</summary>
public static class Tap
{
    public static IReadOnlyList<TapLine> Parse(IEnumerable<string> lines)
    {
        List<TapLine> results = [];
        List<string> notes = [];
        foreach (string line in lines)
        {
            bool ok = line.StartsWith("ok ", StringComparison.Ordinal);
            if (ok || line.StartsWith("not ok ", StringComparison.Ordinal))
            {
                notes = [];
                results.Add(new TapLine(ok, line, notes));
            }
            else if (line.StartsWith('#'))
            {
                notes.Add(line);
            }
        }
        return results;
    }
}
