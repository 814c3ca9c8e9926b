/** Seconds that a dispatch may ask for; the worker enforces them, and first. */
export const TIMEOUT_SECONDS = { min: 1, max: 86_400, default: 1_800 } as const;

/** Seconds that an ECS task may take from RunTask to the start fence. */
export const START_SECONDS = 5 * 60;
/** Seconds that the worker may take to upload after the agent has ended. */
export const UPLOAD_SECONDS = 20 * 60;
/** Seconds from StopTask to STOPPED that the state machine waits for, so that the worker's last upload is in. */
export const STOP_SECONDS = 3 * 60;

/** What a run state is allowed on top of the dispatch's own `timeoutSeconds`. */
export const RUN_MARGIN_SECONDS = START_SECONDS + UPLOAD_SECONDS + STOP_SECONDS;

/** Times that an attempt is begun at the most, where its agent never started. */
export const MAX_RUNS = 3;

/** Milliseconds from TERM to KILL for an agent that ran out of its time. */
export const TIMEOUT_GRACE_MS = 10_000;
/** Milliseconds from TERM to KILL when the ECS task is being stopped: the upload needs the rest of the stop timeout. */
export const STOP_GRACE_MS = 5_000;
/** ECS's `stopTimeout` of the worker's container in seconds: Fargate's maximum. */
export const ECS_STOP_TIMEOUT_SECONDS = 120;
