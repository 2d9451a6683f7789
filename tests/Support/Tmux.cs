using System.Globalization;

namespace Support;

/// <summary>A terminal of a given size with a shell in it: keys go in, the screen comes out.</summary>
public sealed class Tmux : IDisposable
{
    private static int s_count;
    private readonly string _server = string.Create(CultureInfo.InvariantCulture, $"view-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    public Tmux(int width, int height, string command = "env PS1='ready> ' bash --norc --noprofile")
    {
        Run("-f", "/dev/null", "new-session", "-d", "-x", $"{width}", "-y", $"{height}", $"env LC_ALL=C.UTF-8 {command}").Succeeded();
    }

    /// <summary>What is on the screen.</summary>
    public string Screen => Run("capture-pane", "-p").Output;

    /// <summary>Lines of the screen, as many as it has.</summary>
    public string[] Lines => Screen.Split('\n')[..^1];

    /// <summary>Presses keys: text, or names such as Enter, C-c, Down.</summary>
    public void Press(params string[] keys) => Run(["send-keys", .. keys]).Succeeded();

    public void Resize(int width, int height) => Run("resize-window", "-x", $"{width}", "-y", $"{height}").Succeeded();

    /// <summary>Waits for the screen to be so; the test fails with what is there if it does not become so.</summary>
    public string WaitFor(Func<string, bool> isSo)
    {
        string last = "";
        return Poll.Until(() => isSo(last = Screen), 30) ? last : throw new TimeoutException($"the screen is:\n{last}");
    }

    public string WaitFor(string text) => WaitFor(screen => screen.Contains(text, StringComparison.Ordinal));

    public void Dispose() => Run("kill-server");

    private ToolResult Run(params string[] arguments) => Tool.Run("tmux", ["-L", _server, .. arguments]);
}
