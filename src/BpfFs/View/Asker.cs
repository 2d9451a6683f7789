namespace BpfFs.View;

/// <summary>
/// The thread whose request this thread is answering, for the few files whose contents depend on who reads them. Set where a request enters
/// the view; what renders in between has no use for it.
/// </summary>
internal static class Asker
{
    /// <summary>Its id in the mount's pid namespace; 0: the kernel does not say.</summary>
    [ThreadStatic]
    public static uint Tid;

    /// <summary>His file system user id.</summary>
    [ThreadStatic]
    public static uint Uid;

    public static void Is(in Fuse.Request request)
    {
        Tid = request.Pid;
        Uid = request.Uid;
    }
}

/// <summary>
/// The key of a row's node where the reader decides it: each key is a file of its own, with its own size and its own pages in the kernel's memory.
/// 0 or an errno.
/// </summary>
internal delegate int KeyOfAsker(ViewContext context, out ulong key);
