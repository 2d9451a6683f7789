using System.Text;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>
/// Writes each message as one line to standard error, in one write(2), so that lines of several threads do not mix. Under systemd a line
/// begins with its priority, sd-daemon(3).
/// </summary>
/// <remarks>Microsoft's console logger adds 0.6 MB (a tenth) to the static binary for the same lines.</remarks>
internal sealed class StderrLogger(LogLevel least) : ILogger
{
    private static readonly bool s_isJournal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string message = formatter(state, exception);
        if (exception is not null) message += least <= LogLevel.Debug ? $": {exception}" : $": {exception.GetType().Name}: {exception.Message}";
        Write(logLevel, message);
    }

    /// <summary>The line that ends a command.</summary>
    public static void Fail(string message) => Write(LogLevel.Error, message, isWord: false);

    private static unsafe void Write(LogLevel level, string message, bool isWord = true)
    {
        var line = new StringBuilder(message.Length + 32);
        if (s_isJournal) line.Append('<').Append(Priority(level)).Append('>');
        line.Append("bpffs-view: ");
        if (isWord && !s_isJournal && level >= LogLevel.Warning) line.Append(level == LogLevel.Warning ? "warning: " : "error: ");
        // A path may hold anything; a log line is one line, and nothing a terminal obeys.
        foreach (char c in message) line.Append(char.IsControl(c) ? ' ' : c);
        line.Append('\n');
        byte[] bytes = Encoding.UTF8.GetBytes(line.ToString());
        fixed (byte* start = bytes)
        {
            // What cannot be written has nobody to be told.
            _ = Tmds.Linux.LibC.write(2, start, bytes.Length);
        }
    }

    private static char Priority(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => '7',
        LogLevel.Information => '6',
        LogLevel.Warning => '4',
        _ => '3',
    };
}

/// <summary>Gives every category the one logger.</summary>
internal sealed class StderrLoggerProvider(LogLevel least) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new StderrLogger(least);

    public void Dispose() { }
}
