namespace Support;

/// <summary>Runs a script that prints TAP lines.</summary>
public static class Tap
{
    /// <summary>Its lines, all of which are ok.</summary>
    public static string[] Run(TimeSpan limit, string script, params string[] arguments)
    {
        ToolResult result = Tool.RunFor(limit, script, arguments);
        string[] lines = result.Output.Split('\n');
        string[] bad = [.. lines.Where(line => line.StartsWith("not ok", StringComparison.Ordinal) || line.StartsWith("#   ", StringComparison.Ordinal))];
        if (result.Code == 0 && !bad.Any(line => line[0] == 'n') && lines.Any(line => line.StartsWith("1..", StringComparison.Ordinal))) return lines; // it came to its end
        throw new InvalidOperationException($"{script}: exit status {result.Code}\n{string.Join('\n', bad)}\n{result.Errors}");
    }
}
