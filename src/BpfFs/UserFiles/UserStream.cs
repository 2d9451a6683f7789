using BpfFs.Tasks;
using BpfFs.View;
using Iterators;
using Iterators.User;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary>What a program writes, as it writes it.</summary>
/// <param name="isAimed">The key has a parameter.</param>
internal sealed class UserStream(bool isAimed) : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        ushort number = (ushort)(isAimed ? key >> UserKey.NumberShift : key);
        if (context.UserIterators?.Current.Find(number) is not { } program) return ENOENT;
        uint parameter = (uint)key;
        // an iterator aimed at a process that does not exist is one without output
        if (program.Parameter == UserParameter.Task && parameter != 0)
        {
            int gone = Processes.Read(context, parameter, out _);
            if (gone != 0) return gone;
        }
        var opened = new IteratorBytes(() => isAimed ? UserParameters.Create(program, parameter) : program.Create(IteratorParameter.None));
        int errno = opened.Restart();
        if (errno == 0) producer = opened;
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => 0; // opening it tells
}
