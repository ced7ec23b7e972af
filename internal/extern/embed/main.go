// Command embed prints the embedding of an image by the model in a folder.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/goclip/goclip"
)

func main() {
	model, err := goclip.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	photo, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	rows, err := model.EncodeImages(context.Background(), photo)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows[0])
}
