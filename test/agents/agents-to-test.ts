import { aider } from '../../worker/agents/aider.ts';
import { claude } from '../../worker/agents/claude.ts';
import { codex } from '../../worker/agents/codex.ts';
import { gemini } from '../../worker/agents/gemini.ts';
import { grok } from '../../worker/agents/grok.ts';
import type { AgentToTest } from './agent-in-test.ts';

const KEY = 'a-key-of-nobody';

export const AGENTS_TO_TEST = {
  claude: {
    name: 'claude',
    program: claude,
    given: (url) => ({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: url }),
  },
  codex: { name: 'codex', program: codex, given: (url) => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${url}/v1` }) },
  gemini: { name: 'gemini', program: gemini, given: (url) => ({ GEMINI_API_KEY: KEY, GOOGLE_GEMINI_BASE_URL: url }) },
  aider: { name: 'aider', program: aider, given: (url) => ({ OPENAI_API_KEY: KEY, OPENAI_API_BASE: `${url}/v1` }) },
  grok: { name: 'grok', program: grok, given: (url) => ({ XAI_API_KEY: KEY, GROK_XAI_API_BASE_URL: `${url}/v1` }) },
} as const satisfies Record<string, AgentToTest>;
