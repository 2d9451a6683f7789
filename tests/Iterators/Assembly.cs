// Tests compare what the kernel has before and after: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
