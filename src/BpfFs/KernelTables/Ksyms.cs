using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary><c>kernel/ksyms</c>: <c>type name [module]</c>, a line per symbol, in the order of /proc/kallsyms; addresses are not shown to anyone.</summary>
internal sealed class Ksyms(LazyIterator iterator) : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = new IteratorBytes(() => iterator.Create(IteratorParameter.None), isForeign: true);
        return producer.Restart();
    }

    public override int Exists(ViewContext context, ulong key) => 0;
}
