import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { AGENT_NAMES, type AgentName, isAgentName } from '../../core/agents.ts';
import { type Random, random } from './random.ts';
import { DAY_SECONDS, HOUR_SECONDS, type Trace, TraceBuilder } from './trace.ts';
import { agentPicker, RUN, RUN_MEDIAN } from './trace-shapes.ts';

/** A file that is not a trace. The message says where, and what was expected. */
export class BadCsv extends Error {
  override readonly name = 'BadCsv';
}

export interface CsvDefaults {
  /** Agents, and their shares, of dispatches whose row names none. */
  readonly agents: ReadonlyMap<AgentName, number>;
  readonly seed: number;
}

const COLUMNS = ['time', 'agent', 'seconds'] as const;
type Column = (typeof COLUMNS)[number];
/** A mistaken unit, such as milliseconds among seconds, would make a trace of centuries. */
const LONGEST_DAYS = 400;
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Reads a file of arrivals, row by row: `time`, and perhaps `agent` and `seconds`, in any order of columns and rows. */
export function traceOfFile(file: string, defaults: CsvDefaults): Promise<Trace> {
  return traceOfCsv(createReadStream(file), file, defaults);
}

/** @param name what errors call the source */
export async function traceOfCsv(source: Readable, name: string, defaults: CsvDefaults): Promise<Trace> {
  const arrivals = new CsvArrivals(name, defaults);
  const rows = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // Takes each row as it is parsed, and passes nothing on: quicker than rows that come through the stream.
    on_record: (cells: string[], { lines }) => {
      arrivals.row(cells, lines);
      return null;
    },
  });
  try {
    await pipeline(source, rows.resume());
  } catch (error) {
    if (error instanceof CsvError) throw new BadCsv(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
  return arrivals.trace();
}

class CsvArrivals {
  private readonly builder = new TraceBuilder();
  private readonly agents: AgentName[];
  private readonly pickAgent: (chance: Random) => number;
  private readonly chance: Random;
  private header: readonly Column[] | undefined;
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly name: string,
    { agents, seed }: CsvDefaults,
  ) {
    this.agents = [...agents.keys()];
    this.pickAgent = agentPicker([...agents.values()]);
    this.chance = random(seed, 0);
  }

  row(cells: readonly string[], line: number): void {
    if (!this.header) {
      this.header = this.readHeader(cells, line);
      return;
    }
    if (cells.length !== this.header.length) {
      const [wanted, got] = [this.header.length, cells.length];
      throw this.fault(line, Math.min(wanted, got) + 1, `expected ${wanted} cells, as in the header, and found ${got}`);
    }
    const cell = (column: Column) => {
      const place = this.header?.indexOf(column) ?? -1;
      return { text: cells[place] ?? '', at: place + 1 };
    };
    const [time, agent, seconds] = [cell('time'), cell('agent'), cell('seconds')];
    const arrival = {
      time: this.readTime(time.text, line, time.at),
      agentIndex: this.readAgent(agent.text, line, agent.at),
      runSeconds: this.readRun(seconds.text, line, seconds.at),
    };
    this.first = Math.min(this.first, arrival.time);
    this.last = Math.max(this.last, arrival.time);
    if (this.last - this.first > LONGEST_DAYS * DAY_SECONDS) {
      throw this.fault(line, time.at, `${quoted(time.text)} makes the trace longer than ${LONGEST_DAYS} days`);
    }
    this.builder.add(arrival);
  }

  trace(): Trace {
    if (!this.header) throw new BadCsv(`${this.name}: it is empty; expected a header with the column 'time'`);
    const { times, agentIndexes, runSeconds } = this.builder.sorted();
    if (times.length === 0) throw new BadCsv(`${this.name}: there is no arrival below the header`);
    const start = Math.floor(this.first / HOUR_SECONDS) * HOUR_SECONDS;
    return {
      start: new Date(start * 1000),
      seconds: Math.max(this.last - start, 60),
      agents: this.agents,
      times: times.map((time) => time - start),
      agentIndexes,
      runSeconds,
    };
  }

  private readHeader(cells: readonly string[], line: number): Column[] {
    const header = cells.map((cell, place) => {
      const column = COLUMNS.find((known) => known === cell.toLowerCase());
      if (column) return column;
      throw this.fault(line, place + 1, `expected a header of ${COLUMNS.join(', ')}, and found ${quoted(cell)}`);
    });
    const twice = header.findIndex((column, place) => header.indexOf(column) !== place);
    if (twice >= 0) throw this.fault(line, twice + 1, `the column '${header[twice]}' is there twice`);
    if (!header.includes('time')) throw this.fault(line, 1, "expected a column 'time'");
    return header;
  }

  private readTime(text: string, line: number, column: number): number {
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
    // Without a zone JavaScript would take the time as local; a trace means the same everywhere.
    const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text);
    const time = ISO_TIME.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
    if (!Number.isNaN(time)) return time / 1000;
    const expected = "a time as in '2026-01-05T09:30:00Z', or seconds as in '34200.5'";
    throw this.fault(line, column, `expected ${expected}, and found ${quoted(text)}`);
  }

  private readAgent(text: string, line: number, column: number): number {
    if (text === '') return this.pickAgent(this.chance);
    if (!isAgentName(text)) {
      throw this.fault(line, column, `expected an agent (${AGENT_NAMES.join(', ')}), and found ${quoted(text)}`);
    }
    const known = this.agents.indexOf(text);
    return known >= 0 ? known : this.agents.push(text) - 1;
  }

  private readRun(text: string, line: number, column: number): number {
    if (text === '') return this.chance.aroundMedian(RUN_MEDIAN, RUN.spread);
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
    throw this.fault(line, column, `expected how many seconds it ran, as in '90', and found ${quoted(text)}`);
  }

  private fault(line: number, column: number, what: string): BadCsv {
    return new BadCsv(`${this.name}, line ${line}, column ${column}: ${what}`);
  }
}

/** A cell as it fits into a message. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}
