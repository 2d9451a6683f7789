// The tests look at one kernel: what one of them loads, another would see.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
