namespace Iterators;

/// <summary>What is read record by record: one of the kernel's iterators, or what stands in for it.</summary>
public interface IRecordSource
{
    /// <summary>A new walk over all objects as they are now, whose records read(2) gives. Fails with EMFILE, ENFILE, ENOMEM.</summary>
    Fd Create();
}
