import type { AgentName } from '../../core/agents.ts';
import { REPLY_USAGE } from './stub-model/model-dialect.ts';

/** Holds what looks like an option, quotes, shell, escapes, templates and mentions: it is to arrive unchanged. */
export const TASK = '--version\nWrite `hello.txt`, "as \'it\' is": $HOME $(id) \\n {{x}} é 🦀 @nobody #1';

/** What is posted for an agent with a model; Aider is told which. */
export function requestTo(agent: AgentName): object {
  const modelId = agent === 'aider' ? { modelId: 'openai/gpt-4o' } : {};
  return { agent, task: TASK, timeoutSeconds: 90, ...modelId };
}

/** The tokens of so many answers of the stub model. */
export function usageOfReplies(count: number): object {
  return { inputTokens: count * REPLY_USAGE.inputTokens, outputTokens: count * REPLY_USAGE.outputTokens };
}
