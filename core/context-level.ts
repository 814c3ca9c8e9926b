/** How much an agent is told about the repository before its task: characters at the most. */
export const CONTEXT_CHARACTERS = { minimal: 2_400, standard: 4_800, full: 7_200 } as const;

export type ContextLevel = keyof typeof CONTEXT_CHARACTERS;
export const CONTEXT_LEVELS = Object.keys(CONTEXT_CHARACTERS) as [ContextLevel, ...ContextLevel[]];
export const DEFAULT_CONTEXT_LEVEL: ContextLevel = 'standard';
