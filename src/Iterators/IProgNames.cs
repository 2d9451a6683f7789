namespace Iterators;

/// <summary>The names of a program's functions and of the kernel functions (kfuncs) that it calls. Methods give 0 or a positive errno.</summary>
public interface IProgNames
{
    /// <summary>A descriptor of the program with this id.</summary>
    Fd OpenProg(uint id);

    /// <summary>One name; ENOENT: there is no function of that index, or it has none.</summary>
    /// <param name="prog">The program.</param>
    /// <param name="kind">Of which list.</param>
    /// <param name="index">Into that list, from 0.</param>
    /// <param name="record">Filled.</param>
    int ReadProgName(in Fd prog, prog_name_kind kind, uint index, out one_prog_name_record record);
}
