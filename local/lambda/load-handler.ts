import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { faultOf, RuntimeFault } from './runtime-fault.ts';

export type Handler = (event: unknown, context: object) => unknown;

/**
 * Loads `<module>.<export>` from a bundle's folder. Throws a `RuntimeFault` named as Lambda names it, or what the
 * module itself throws.
 */
export async function loadHandler(directory: string, handler: string): Promise<Handler> {
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
