import { z } from 'zod';
import type { Json } from '../json.ts';

const json = z.custom<Json>((value) => value !== undefined);

/** What one Task of a recorded execution came to. */
const TaskResult = z.object({
  state: z.string().nullish(),
  outcome: z.enum(['succeed', 'fail', 'timeout']),
  parameters: json.optional(),
  input: json.optional(),
  /** What submitting answered, where the Task waits for a job or a token. */
  submitted: json.optional(),
  output: json.optional(),
  error: z.string().optional(),
  cause: json.optional(),
});

const RecordedEvent = z.looseObject({
  type: z.string(),
  id: z.union([z.number(), z.array(z.number())]),
  previousEventId: z.number(),
});

/** One execution as AWS recorded it, with what is needed to run it again. */
export const Recording = z.object({
  name: z.string(),
  definition: json,
  input: json,
  events: z.array(RecordedEvent),
  taskResults: z.array(TaskResult).default([]),
  features: z.array(z.string()).default([]),
});

export type Recording = z.infer<typeof Recording>;
export type RecordedEvent = z.infer<typeof RecordedEvent>;
export type RecordedTaskResult = z.infer<typeof TaskResult>;
