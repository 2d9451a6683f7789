using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>
/// libbpf's words: each line goes to the logger, and the last ones are kept for the error that follows (a failed load prints the
/// verifier's log through here).
/// </summary>
internal static unsafe class LibBpfLog
{
    private const int KeptLines = 400;
    private static readonly Lock s_lock = new();
    private static readonly Queue<string> s_lines = new();
    private static ILogger? s_logger;

    /// <summary>Where this thread's lines go instead of into what is kept.</summary>
    [ThreadStatic]
    private static List<string>? t_collected;

    public static void SendTo(ILogger logger)
    {
        lock (s_lock) s_logger = logger;
        LibBpf.libbpf_set_print(&Print);
    }

    public static void Clear()
    {
        lock (s_lock) s_lines.Clear();
    }

    /// <summary>From now on this thread's warnings are collected; null: no longer. libbpf speaks on the thread that calls it.</summary>
    public static void CollectInto(List<string>? lines) => t_collected = lines;

    /// <summary>Words that are the kernel's about one program: kept as if libbpf had said them.</summary>
    public static void Said(string words) => Keep(0, words);

    /// <summary>The last <paramref name="lines"/> lines of what libbpf warned of.</summary>
    public static string Tail(int lines)
    {
        lock (s_lock) return string.Join('\n', s_lines.TakeLast(lines));
    }

    [UnmanagedCallersOnly]
    private static int Print(int level, byte* format, void* args)
    {
        if (level > 1 && s_logger?.IsEnabled(LogLevel.Trace) != true) return 0; // formatting debug lines costs as much as loading
        const int size = 64 * 1024; // the verifier's log arrives as one message
        byte* text = (byte*)NativeMemory.Alloc(size);
        int length = Math.Min(LibC.vsnprintf(text, size, format, args), size - 1);
        string message = Encoding.UTF8.GetString(text, Math.Max(length, 0)).TrimEnd();
        NativeMemory.Free(text);
        Keep(level, message);
        return 0;
    }

    private static void Keep(int level, string message)
    {
        if (t_collected is { } collected && level == 0)
        {
            collected.AddRange(message.Split('\n'));
            return;
        }
        lock (s_lock)
        {
            foreach (string line in message.Split('\n'))
            {
                if (s_logger is { } logger) Log.LibBpf(logger, level == 0 ? LogLevel.Debug : LogLevel.Trace, line);
                if (level != 0) continue;
                s_lines.Enqueue(line);
                if (s_lines.Count > KeptLines) s_lines.Dequeue();
            }
        }
    }
}
