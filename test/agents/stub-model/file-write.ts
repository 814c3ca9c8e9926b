import { basename } from 'node:path';
import type { ModelReply, ModelRequest, OfferedTool } from './model-dialect.ts';

/** The one file that the stub has its agent write. */
export interface FileWrite {
  /** Absolute: some tools take nothing else. */
  readonly path: string;
  /** Whole lines. */
  readonly content: string;
}

/** A tool of some CLI that can write a file. */
interface WritingTool {
  readonly names: readonly string[];
  matches(tool: OfferedTool): boolean;
  input(write: FileWrite): Readonly<Record<string, unknown>> | string;
}

const WRITING_TOOLS: readonly WritingTool[] = [
  {
    // Claude Code, Gemini CLI and Grok, by their names.
    names: ['Write', 'write_file', 'write'],
    matches: ({ parameters }) => parameters.includes('file_path') && parameters.includes('content'),
    input: ({ path, content }) => ({ file_path: path, content }),
  },
  {
    // Codex, with the models that write programs which call its tools.
    names: ['exec'],
    matches: ({ description }) => description.includes('tools: { apply_patch(input: string)'),
    input: (write) => `text(await tools.apply_patch(${JSON.stringify(patchOf(write))}));`,
  },
  {
    // Codex, with any other model.
    names: ['exec_command'],
    matches: ({ parameters }) => parameters.includes('cmd'),
    input: ({ path, content }) => ({ cmd: `printf '%s' ${inQuotes(content)} > ${inQuotes(path)}` }),
  },
];

/** The call that writes the file by one of the tools that are offered, or nothing where none of them is known to. */
export function writeByTool(tools: readonly OfferedTool[], write: FileWrite): ModelReply | undefined {
  for (const { names, matches, input } of WRITING_TOOLS) {
    const tool = tools.find((offered) => names.includes(offered.name) && matches(offered));
    if (tool) return { kind: 'tool', name: tool.name, input: input(write) };
  }
  return undefined;
}

/** Aider has no tools: it asks for edits in words. Nothing where the prompt does not. */
export function writeInWords({ system }: ModelRequest, { path, content }: FileWrite): ModelReply | undefined {
  if (!system.includes('SEARCH/REPLACE')) return undefined;
  const edit = ['<<<<<<< SEARCH', '=======', content.trimEnd(), '>>>>>>> REPLACE'];
  return { kind: 'text', text: [basename(path), '```', ...edit, '```'].join('\n') };
}

/** Codex's own patch format. */
function patchOf({ path, content }: FileWrite): string {
  const added = content.trimEnd().split('\n');
  return ['*** Begin Patch', `*** Add File: ${path}`, ...added.map((line) => `+${line}`), '*** End Patch', ''].join(
    '\n',
  );
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
