// Entry of a function's thread: what Lambda's Node.js runtime is to a function. It is bundled on its own, since a thread
// cannot be TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import '../faults/skewed-clock.ts';
import { type Handler, loadHandler } from './load-handler.ts';
import { faultOf, RuntimeFault } from './runtime-fault.ts';
import type { FunctionFault, InvokeMessage, ThreadData, ThreadMessage } from './thread-messages.ts';
import { captureOutput } from './thread-output.ts';

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
  if (message.traceId !== undefined) process.env['_X_AMZN_TRACE_ID'] = message.traceId;
  try {
    const body = stringify(await handler(JSON.parse(message.payload), contextOf(message)));
    output.flush();
    post({ type: 'result', body });
  } catch (error) {
    const fault = faultOf(error);
    console.error('Invoke Error', JSON.stringify({ ...fault, stack: fault.trace }));
    output.flush();
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

function die(fault: FunctionFault): void {
  console.error('Uncaught Exception', JSON.stringify({ ...fault, stack: fault.trace }));
  output.flush();
  post({ type: 'fault', fault, fatal: true });
  process.exit(1);
}
