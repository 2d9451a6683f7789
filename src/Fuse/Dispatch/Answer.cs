namespace Fuse;

/// <summary>
/// The outcome of a request. The dispatcher's method returns one, so there is exactly one for each request; the transport only carries it.
/// </summary>
/// <param name="Unique">The request's number, 0 when nothing is to be sent.</param>
/// <param name="Errno">0 or a positive errno the kernel accepts (1 to 511).</param>
/// <param name="Length">Bytes of payload.</param>
internal readonly record struct Answer(ulong Unique, int Errno, int Length)
{
    internal static readonly Answer None;

    internal bool IsWanted => Unique != 0;
}
