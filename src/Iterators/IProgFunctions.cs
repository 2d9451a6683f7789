namespace Iterators;

/// <summary>The names of a program's functions and maps. Methods give 0 or a positive errno.</summary>
public interface IProgFunctions
{
    /// <summary>A descriptor of the program with this id.</summary>
    Fd OpenProg(uint id);

    /// <summary>One name; ENOENT: there is no function of that index, or it has none.</summary>
    /// <param name="prog">The program.</param>
    /// <param name="index">Of the function, from 0: the main one.</param>
    /// <param name="record">Filled.</param>
    int ReadFunction(in Fd prog, uint index, out one_prog_func_record record);

    /// <summary>The map with this id; ENOENT: it is gone.</summary>
    int ReadMap(uint id, out one_map_record record);
}
