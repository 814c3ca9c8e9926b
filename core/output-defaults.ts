/** GiB that all files of an output may have together. */
export const DEFAULT_OUTPUT_GIB = 5;

/** Seconds from one checkpoint of a running agent's workspace to the next. */
export const DEFAULT_CHECKPOINT_SECONDS = 60;
