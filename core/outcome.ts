import { z } from 'zod';
import { AgentUsage } from './agent-usage.ts';
import { TERMINAL_STATUSES } from './dispatch-status.ts';

/** What of an attempt's output lies in S3, checked against its manifest. */
export const OutputFacts = z.object({
  outputKey: z.string().describe("The attempt's prefix in the artifacts bucket"),
  fileCount: z.int().min(0).describe('Files and links of the workspace'),
  totalBytes: z.int().min(0).describe('Of these, before compression'),
  checkpointAt: z.iso
    .datetime()
    .optional()
    .describe('When this was taken, where it is a checkpoint: the worker ended before it had uploaded the output'),
});
export type OutputFacts = z.infer<typeof OutputFacts>;

/** What an attempt came to: the terminal write's content. */
export const Outcome = z.object({
  status: z.enum(TERMINAL_STATUSES),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  /** When ECS saw the task stop. */
  stoppedAt: z.iso.datetime().optional(),
  /** The ECS task that had passed the start fence when the outcome was formed; absent where none had. */
  taskArn: z.string().optional(),
  output: OutputFacts.optional(),
  usage: AgentUsage.optional(),
});
export type Outcome = z.infer<typeof Outcome>;
