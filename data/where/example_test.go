package where_test

import (
	"fmt"
	"log"
	"os"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/data/where"
)

// The rows of a Parquet file for which a condition is true.
func Example() {
	name := "../testdata/writers/duckdb_flat_v2_zstd.parquet"
	file, err := os.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	rows, err := parquetfile.Open(file, info.Size(), nil)
	if err != nil {
		log.Fatal(err)
	}
	condition, err := where.Parse("label >= 20 and caption != null")
	if err != nil {
		log.Fatal(err)
	}
	kept, err := condition.Keep(rows, name)
	if err != nil {
		log.Fatal(err)
	}
	for place := range kept.Len() {
		fmt.Print(kept.Row(place), " ")
	}
	fmt.Printf("of %d rows\n", rows.NumRows())
	_, err = where.Parse("label >> 20")
	fmt.Println(err)
	// Output:
	// 2 3 5 6 of 7 rows
	// where "label >> 20": at 7: have ">>"; want one of = == != <> < <= > >=
}
