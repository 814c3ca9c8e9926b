import { z } from 'zod';
import { AGENT_NAMES } from '../../core/agents.ts';

const AgentName = z.enum(AGENT_NAMES);
const Bounds = z
  .object({ min: z.int().min(0), max: z.int().min(0) })
  .refine(({ min, max }) => min <= max, 'min is above max');

/**
 * The variable `TASK_DEFINITIONS`: of each available agent, the ARN of today's task definition with its revision, as
 * JSON. A slot of another revision is not served.
 */
export const TaskDefinitions = json(z.partialRecord(AgentName, z.string().min(1)));
export type TaskDefinitions = z.output<typeof TaskDefinitions>;

/** The variable `POOL_BOUNDS`: how many slots of each agent may wait, as JSON. An agent that it lacks has no pool. */
export const AgentBounds = json(z.partialRecord(AgentName, Bounds));
export type AgentBounds = z.output<typeof AgentBounds>;

/** A text that is JSON of this shape. */
function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch (error) {
        context.addIssue(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
        return z.NEVER;
      }
    })
    .pipe(schema);
}
