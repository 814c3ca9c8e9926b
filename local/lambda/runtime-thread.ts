// Entry of a function's thread: what Lambda's Node.js runtime is to a function. Bundled on its own; it may import nothing
// of ours but types and `thread-output.ts`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionFault, InvokeMessage, ThreadData, ThreadMessage } from './thread-messages.ts';
import { captureOutput } from './thread-output.ts';

type Handler = (event: unknown, context: object) => unknown;

const port = parentPort;
if (!port) throw new Error('runtime-thread.ts runs in a thread of the embedded Lambda.');
const data = workerData as ThreadData;
const post = (message: ThreadMessage) => port.postMessage(message);
const output = captureOutput(data, post);

process.on('uncaughtException', (error) => die(faultOf(error)));
process.on('unhandledRejection', (reason) => {
  const { errorMessage, trace, errorType } = faultOf(reason);
  const message = reason instanceof Error ? `${errorType}: ${errorMessage}` : errorMessage;
  die({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: message, ...(trace && { trace }) });
});

try {
  const handler = await loadHandler(data.directory, data.handler);
  port.on('message', (message: InvokeMessage) => void invoke(handler, message));
  post({ type: 'ready' });
} catch (error) {
  die(faultOf(error));
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<void> {
  output.beginRequest(message.requestId);
  try {
    const result = await handler(JSON.parse(message.payload), contextOf(message));
    post({ type: 'result', body: stringify(result) });
  } catch (error) {
    const fault = faultOf(error);
    console.error('Invoke Error', JSON.stringify({ ...fault, stack: fault.trace }));
    post({ type: 'fault', fault, fatal: false });
  }
}

function stringify(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw new RuntimeFault('Runtime.MarshalError', `Unable to stringify response body: ${faultOf(cause).errorMessage}`);
  }
}

async function loadHandler(directory: string, handler: string): Promise<Handler> {
  const dot = handler.lastIndexOf('.');
  if (dot < 1 || handler.includes('..')) throw new RuntimeFault('Runtime.MalformedHandlerName', 'Bad handler');
  const [module, name] = [handler.slice(0, dot), handler.slice(dot + 1)];
  const exports = await importModule(directory, module);
  const found = exports[name] ?? (exports['default'] as Record<string, unknown> | undefined)?.[name];
  if (typeof found !== 'function') {
    throw new RuntimeFault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (found.length > 2) {
    throw new RuntimeFault('Runtime.CallbackHandlerDeprecated', 'Handlers with a callback are not supported any more.');
  }
  return found as Handler;
}

async function importModule(directory: string, module: string): Promise<Record<string, unknown>> {
  const file = ['.js', '.mjs', '.cjs'].map((extension) => join(directory, `${module}${extension}`)).find(existsSync);
  if (!file) throw new RuntimeFault('Runtime.ImportModuleError', `Error: Cannot find module '${module}'`);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw importFault(error);
  }
}

function importFault(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return new RuntimeFault('Runtime.ImportModuleError', `Error: ${faultOf(error).errorMessage}`);
  }
  if (error instanceof SyntaxError) {
    return new RuntimeFault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
  }
  return error;
}

function contextOf(message: InvokeMessage): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: data.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: message.functionArn,
    memoryLimitInMB: String(data.memorySize),
    awsRequestId: message.requestId,
    logGroupName: data.logGroup,
    logStreamName: data.logStream,
    identity: undefined,
    clientContext: message.clientContext === undefined ? undefined : JSON.parse(message.clientContext),
    getRemainingTimeInMillis: () => Math.max(0, message.deadline - Date.now()),
  };
}

function faultOf(error: unknown): FunctionFault {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function die(fault: FunctionFault): void {
  console.error('Uncaught Exception', JSON.stringify({ ...fault, stack: fault.trace }));
  post({ type: 'fault', fault, fatal: true });
  process.exit(1);
}

class RuntimeFault extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}
