# Draws a Julia set as an SVG, counts its colours, and writes a report: bash and awk, nothing else.
width=240 height=150 depth=90
mkdir -p images data/by-depth

echo "Drawing a Julia set of $width x $height cells, $depth iterations deep"
awk -v w="$width" -v h="$height" -v depth="$depth" '
  function colour(n,   t) {
    if (n == depth) return "#0b1021"
    t = n / depth
    return sprintf("#%02x%02x%02x", 255 * (t < .5 ? 2 * t : 1), 255 * t * t + 30 * (1 - t), 255 * (t < .4 ? .3 + 1.5 * t : .9 - .5 * t))
  }
  function iterate(x, y,   n, t) {
    for (n = 0; n < depth && x * x + y * y < 4; n++) { t = x * x - y * y - .7269; y = 2 * x * y + .1889; x = t }
    return n
  }
  BEGIN {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n", w, h
    for (row = 0; row < h; row++) {
      start = 0; last = -1
      for (col = 0; col <= w; col++) {
        n = col < w ? iterate((col / w - .5) * 3.2, (row / h - .5) * 2) : -2
        if (n != last && last >= 0) { printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"1\" fill=\"%s\"/>\n", start, row, col - start, colour(last); rects++ }
        if (n != last) { start = col; last = n }
        if (n >= 0) count[n]++
      }
      if ((row + 1) % 30 == 0) print "  row " row + 1 " of " h > "/dev/stderr"
    }
    print "</svg>"
    for (n = 0; n <= depth; n++) if (n in count) print n "," count[n] > "data/histogram.csv"
    print rects > "data/rectangles.txt"
  }' > images/julia.svg

echo "Sorting the cells by how fast they escape"
awk -F, -v depth="$depth" '$1 < depth { file = sprintf("data/by-depth/%02d.txt", int($1 / 10) * 10); print $2 " cells escape after " $1 " steps" > file }' data/histogram.csv

inside=$(awk -F, -v depth="$depth" '$1 == depth { print $2 }' data/histogram.csv)
cat > report.md <<REPORT
# A Julia set

![Julia set](images/julia.svg)

| what | how much |
| --- | --- |
| cells | $((width * height)) |
| inside the set | ${inside:-0} |
| rectangles in the SVG | $(cat data/rectangles.txt) |
| files by escape depth | $(ls data/by-depth | wc -l | tr -d ' ') |
REPORT
echo "Done: report.md, images/julia.svg and the counts in data/"
