module @step attributes {mhlo.num_replicas = 2 : i32} {
func.func @main(%arg0: tensor<4x3x16x16xf32>, %arg1: tensor<32x192xf32>, %arg2: tensor<32xf32>, %arg3: tensor<5x32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32xf32>, %arg8: tensor<96x32xf32>, %arg9: tensor<96xf32>, %arg10: tensor<32x32xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32xf32>, %arg13: tensor<32xf32>, %arg14: tensor<128x32xf32>, %arg15: tensor<128xf32>, %arg16: tensor<32x128xf32>, %arg17: tensor<32xf32>, %arg18: tensor<32xf32>, %arg19: tensor<32xf32>, %arg20: tensor<32x16xf32>, %arg21: tensor<50x24xf32>, %arg22: tensor<8x24xf32>, %arg23: tensor<4x8xi32>, %arg24: tensor<24xf32>, %arg25: tensor<24xf32>, %arg26: tensor<72x24xf32>, %arg27: tensor<72xf32>, %arg28: tensor<24x24xf32>, %arg29: tensor<24xf32>, %arg30: tensor<24xf32>, %arg31: tensor<24xf32>, %arg32: tensor<96x24xf32>, %arg33: tensor<96xf32>, %arg34: tensor<24x96xf32>, %arg35: tensor<24xf32>, %arg36: tensor<24xf32>, %arg37: tensor<24xf32>, %arg38: tensor<24x16xf32>, %arg39: tensor<1xf32>) -> (tensor<f32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<1xf32>, tensor<32xf32>, tensor<32x192xf32>, tensor<5x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>, tensor<96x32xf32>, tensor<96xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<128x32xf32>, tensor<128xf32>, tensor<32x128xf32>, tensor<32xf32>, tensor<50x24xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<24x16xf32>, tensor<24xf32>, tensor<24xf32>, tensor<72x24xf32>, tensor<72xf32>, tensor<24x24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<96x24xf32>, tensor<96xf32>, tensor<24x96xf32>, tensor<24xf32>) {
%0 = stablehlo.slice %arg0 [0:4, 0:3, 0:16, 0:16] : (tensor<4x3x16x16xf32>) -> tensor<4x3x16x16xf32>
%1 = stablehlo.slice %0 [0:4, 0:3, 0:16, 0:16] : (tensor<4x3x16x16xf32>) -> tensor<4x3x16x16xf32>
%2 = stablehlo.reshape %1 : (tensor<4x3x16x16xf32>) -> tensor<4x3x2x8x2x8xf32>
%3 = stablehlo.transpose %2, dims = [0, 2, 4, 1, 3, 5] : (tensor<4x3x2x8x2x8xf32>) -> tensor<4x2x2x3x8x8xf32>
%4 = stablehlo.reshape %3 : (tensor<4x2x2x3x8x8xf32>) -> tensor<16x192xf32>
%5 = stablehlo.convert %4 : (tensor<16x192xf32>) -> tensor<16x192xbf16>
%6 = stablehlo.convert %arg1 : (tensor<32x192xf32>) -> tensor<32x192xbf16>
%7 = stablehlo.dot_general %5, %6, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<16x192xbf16>, tensor<32x192xbf16>) -> tensor<16x32xf32>
%8 = stablehlo.broadcast_in_dim %arg2, dims = [2] : (tensor<32xf32>) -> tensor<4x1x32xf32>
%9 = stablehlo.reshape %7 : (tensor<16x32xf32>) -> tensor<4x4x32xf32>
%10 = stablehlo.concatenate %8, %9, dim = 1 : (tensor<4x1x32xf32>, tensor<4x4x32xf32>) -> tensor<4x5x32xf32>
%11 = stablehlo.broadcast_in_dim %arg3, dims = [1, 2] : (tensor<5x32xf32>) -> tensor<4x5x32xf32>
%12 = stablehlo.add %10, %11 : tensor<4x5x32xf32>
%13 = stablehlo.reshape %12 : (tensor<4x5x32xf32>) -> tensor<20x32xf32>
%14 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%15 = stablehlo.reduce(%13 init: %14) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%16 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%17 = stablehlo.multiply %15, %16 : tensor<20xf32>
%18 = stablehlo.broadcast_in_dim %17, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%19 = stablehlo.subtract %13, %18 : tensor<20x32xf32>
%20 = stablehlo.multiply %19, %19 : tensor<20x32xf32>
%21 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%22 = stablehlo.reduce(%20 init: %21) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%23 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%24 = stablehlo.multiply %22, %23 : tensor<20xf32>
%25 = stablehlo.constant dense<9.999999747e-06> : tensor<20xf32>
%26 = stablehlo.add %24, %25 : tensor<20xf32>
%27 = stablehlo.rsqrt %26 : tensor<20xf32>
%28 = stablehlo.broadcast_in_dim %27, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%29 = stablehlo.multiply %19, %28 : tensor<20x32xf32>
%30 = stablehlo.broadcast_in_dim %arg4, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%31 = stablehlo.multiply %29, %30 : tensor<20x32xf32>
%32 = stablehlo.broadcast_in_dim %arg5, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%33 = stablehlo.add %31, %32 : tensor<20x32xf32>
%34 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%35 = stablehlo.reduce(%33 init: %34) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%36 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%37 = stablehlo.multiply %35, %36 : tensor<20xf32>
%38 = stablehlo.broadcast_in_dim %37, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%39 = stablehlo.subtract %33, %38 : tensor<20x32xf32>
%40 = stablehlo.multiply %39, %39 : tensor<20x32xf32>
%41 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%42 = stablehlo.reduce(%40 init: %41) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%43 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%44 = stablehlo.multiply %42, %43 : tensor<20xf32>
%45 = stablehlo.constant dense<9.999999747e-06> : tensor<20xf32>
%46 = stablehlo.add %44, %45 : tensor<20xf32>
%47 = stablehlo.rsqrt %46 : tensor<20xf32>
%48 = stablehlo.broadcast_in_dim %47, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%49 = stablehlo.multiply %39, %48 : tensor<20x32xf32>
%50 = stablehlo.broadcast_in_dim %arg6, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%51 = stablehlo.multiply %49, %50 : tensor<20x32xf32>
%52 = stablehlo.broadcast_in_dim %arg7, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%53 = stablehlo.add %51, %52 : tensor<20x32xf32>
%54 = stablehlo.reshape %53 : (tensor<20x32xf32>) -> tensor<4x5x32xf32>
%55 = stablehlo.constant dense<0> : tensor<4xi32>
%56 = stablehlo.iota dim = 1 : tensor<4x5x32xi32>
%57 = stablehlo.broadcast_in_dim %55, dims = [0] : (tensor<4xi32>) -> tensor<4x5x32xi32>
%58 = stablehlo.compare EQ, %56, %57 : (tensor<4x5x32xi32>, tensor<4x5x32xi32>) -> tensor<4x5x32xi1>
%59 = stablehlo.constant dense<0.000000000e+00> : tensor<4x5x32xf32>
%60 = stablehlo.select %58, %54, %59 : tensor<4x5x32xi1>, tensor<4x5x32xf32>
%61 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%62 = stablehlo.reduce(%60 init: %61) applies stablehlo.add across dimensions = [1] : (tensor<4x5x32xf32>, tensor<f32>) -> tensor<4x32xf32>
%63 = stablehlo.slice %arg8 [0:32, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%64 = stablehlo.slice %arg9 [0:32] : (tensor<96xf32>) -> tensor<32xf32>
%65 = stablehlo.slice %arg8 [32:64, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%66 = stablehlo.slice %arg9 [32:64] : (tensor<96xf32>) -> tensor<32xf32>
%67 = stablehlo.slice %arg8 [64:96, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%68 = stablehlo.slice %arg9 [64:96] : (tensor<96xf32>) -> tensor<32xf32>
%69 = stablehlo.convert %62 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%70 = stablehlo.convert %63 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%71 = stablehlo.dot_general %69, %70, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x32xbf16>) -> tensor<4x32xf32>
%72 = stablehlo.broadcast_in_dim %64, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%73 = stablehlo.add %71, %72 : tensor<4x32xf32>
%74 = stablehlo.constant dense<16> : tensor<4x2x32xi32>
%75 = stablehlo.iota dim = 1 : tensor<4x2x32xi32>
%76 = stablehlo.iota dim = 2 : tensor<4x2x32xi32>
%77 = stablehlo.divide %76, %74 : tensor<4x2x32xi32>
%78 = stablehlo.compare EQ, %75, %77 : (tensor<4x2x32xi32>, tensor<4x2x32xi32>) -> tensor<4x2x32xi1>
%79 = stablehlo.broadcast_in_dim %73, dims = [0, 2] : (tensor<4x32xf32>) -> tensor<4x2x32xf32>
%80 = stablehlo.constant dense<0.000000000e+00> : tensor<4x2x32xf32>
%81 = stablehlo.select %78, %79, %80 : tensor<4x2x32xi1>, tensor<4x2x32xf32>
%82 = stablehlo.reshape %81 : (tensor<4x2x32xf32>) -> tensor<8x32xf32>
%83 = stablehlo.convert %82 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%84 = stablehlo.convert %65 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%85 = stablehlo.dot_general %83, %84, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<32x32xbf16>) -> tensor<8x32xf32>
%86 = stablehlo.reshape %85 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%87 = stablehlo.dot_general %86, %54, batching_dims = [0] x [0], contracting_dims = [2] x [2], precision = [HIGHEST, HIGHEST] : (tensor<4x2x32xf32>, tensor<4x5x32xf32>) -> tensor<4x2x5xf32>
%88 = stablehlo.constant dense<2.500000000e-01> : tensor<4x2x5xf32>
%89 = stablehlo.multiply %87, %88 : tensor<4x2x5xf32>
%90 = stablehlo.constant dense<0xFF800000> : tensor<f32>
%91 = stablehlo.reduce(%89 init: %90) applies stablehlo.maximum across dimensions = [2] : (tensor<4x2x5xf32>, tensor<f32>) -> tensor<4x2xf32>
%92 = stablehlo.broadcast_in_dim %91, dims = [0, 1] : (tensor<4x2xf32>) -> tensor<4x2x5xf32>
%93 = stablehlo.subtract %89, %92 : tensor<4x2x5xf32>
%94 = stablehlo.exponential %93 : tensor<4x2x5xf32>
%95 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%96 = stablehlo.reduce(%94 init: %95) applies stablehlo.add across dimensions = [2] : (tensor<4x2x5xf32>, tensor<f32>) -> tensor<4x2xf32>
%97 = stablehlo.broadcast_in_dim %96, dims = [0, 1] : (tensor<4x2xf32>) -> tensor<4x2x5xf32>
%98 = stablehlo.divide %94, %97 : tensor<4x2x5xf32>
%99 = stablehlo.dot_general %98, %54, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x2x5xf32>, tensor<4x5x32xf32>) -> tensor<4x2x32xf32>
%100 = stablehlo.reshape %99 : (tensor<4x2x32xf32>) -> tensor<8x32xf32>
%101 = stablehlo.convert %100 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%102 = stablehlo.convert %67 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%103 = stablehlo.dot_general %101, %102, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<32x32xbf16>) -> tensor<8x32xf32>
%104 = stablehlo.constant dense<16> : tensor<4x2x32xi32>
%105 = stablehlo.iota dim = 1 : tensor<4x2x32xi32>
%106 = stablehlo.iota dim = 2 : tensor<4x2x32xi32>
%107 = stablehlo.divide %106, %104 : tensor<4x2x32xi32>
%108 = stablehlo.compare EQ, %105, %107 : (tensor<4x2x32xi32>, tensor<4x2x32xi32>) -> tensor<4x2x32xi1>
%109 = stablehlo.reshape %103 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%110 = stablehlo.constant dense<0.000000000e+00> : tensor<4x2x32xf32>
%111 = stablehlo.select %108, %109, %110 : tensor<4x2x32xi1>, tensor<4x2x32xf32>
%112 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%113 = stablehlo.reduce(%111 init: %112) applies stablehlo.add across dimensions = [1] : (tensor<4x2x32xf32>, tensor<f32>) -> tensor<4x32xf32>
%114 = stablehlo.broadcast_in_dim %68, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%115 = stablehlo.add %113, %114 : tensor<4x32xf32>
%116 = stablehlo.reshape %98 : (tensor<4x2x5xf32>) -> tensor<8x5xf32>
%117 = stablehlo.reshape %33 : (tensor<20x32xf32>) -> tensor<4x5x32xf32>
%118 = stablehlo.constant dense<0> : tensor<4xi32>
%119 = stablehlo.iota dim = 1 : tensor<4x5x32xi32>
%120 = stablehlo.broadcast_in_dim %118, dims = [0] : (tensor<4xi32>) -> tensor<4x5x32xi32>
%121 = stablehlo.compare EQ, %119, %120 : (tensor<4x5x32xi32>, tensor<4x5x32xi32>) -> tensor<4x5x32xi1>
%122 = stablehlo.constant dense<0.000000000e+00> : tensor<4x5x32xf32>
%123 = stablehlo.select %121, %117, %122 : tensor<4x5x32xi1>, tensor<4x5x32xf32>
%124 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%125 = stablehlo.reduce(%123 init: %124) applies stablehlo.add across dimensions = [1] : (tensor<4x5x32xf32>, tensor<f32>) -> tensor<4x32xf32>
%126 = stablehlo.convert %115 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%127 = stablehlo.convert %arg10 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%128 = stablehlo.dot_general %126, %127, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x32xbf16>) -> tensor<4x32xf32>
%129 = stablehlo.broadcast_in_dim %arg11, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%130 = stablehlo.add %128, %129 : tensor<4x32xf32>
%131 = stablehlo.add %130, %125 : tensor<4x32xf32>
%132 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%133 = stablehlo.reduce(%131 init: %132) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%134 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%135 = stablehlo.multiply %133, %134 : tensor<4xf32>
%136 = stablehlo.broadcast_in_dim %135, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%137 = stablehlo.subtract %131, %136 : tensor<4x32xf32>
%138 = stablehlo.multiply %137, %137 : tensor<4x32xf32>
%139 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%140 = stablehlo.reduce(%138 init: %139) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%141 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%142 = stablehlo.multiply %140, %141 : tensor<4xf32>
%143 = stablehlo.constant dense<9.999999747e-06> : tensor<4xf32>
%144 = stablehlo.add %142, %143 : tensor<4xf32>
%145 = stablehlo.rsqrt %144 : tensor<4xf32>
%146 = stablehlo.broadcast_in_dim %145, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%147 = stablehlo.multiply %137, %146 : tensor<4x32xf32>
%148 = stablehlo.broadcast_in_dim %arg12, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%149 = stablehlo.multiply %147, %148 : tensor<4x32xf32>
%150 = stablehlo.broadcast_in_dim %arg13, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%151 = stablehlo.add %149, %150 : tensor<4x32xf32>
%152 = stablehlo.convert %151 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%153 = stablehlo.convert %arg14 : (tensor<128x32xf32>) -> tensor<128x32xbf16>
%154 = stablehlo.dot_general %152, %153, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<128x32xbf16>) -> tensor<4x128xbf16>
%155 = stablehlo.convert %arg15 : (tensor<128xf32>) -> tensor<128xbf16>
%156 = stablehlo.broadcast_in_dim %155, dims = [1] : (tensor<128xbf16>) -> tensor<4x128xbf16>
%157 = stablehlo.add %154, %156 : tensor<4x128xbf16>
%158 = stablehlo.convert %157 : (tensor<4x128xbf16>) -> tensor<4x128xf32>
%159 = stablehlo.constant dense<1.000000000e+00> : tensor<4x128xf32>
%160 = stablehlo.constant dense<7.071067812e-01> : tensor<4x128xf32>
%161 = stablehlo.multiply %158, %160 : tensor<4x128xf32>
%162 = chlo.erf %161 : tensor<4x128xf32> -> tensor<4x128xf32>
%163 = stablehlo.add %162, %159 : tensor<4x128xf32>
%164 = stablehlo.constant dense<5.000000000e-01> : tensor<4x128xf32>
%165 = stablehlo.multiply %163, %164 : tensor<4x128xf32>
%166 = stablehlo.multiply %158, %158 : tensor<4x128xf32>
%167 = stablehlo.constant dense<-5.000000000e-01> : tensor<4x128xf32>
%168 = stablehlo.multiply %166, %167 : tensor<4x128xf32>
%169 = stablehlo.exponential %168 : tensor<4x128xf32>
%170 = stablehlo.constant dense<3.989422804e-01> : tensor<4x128xf32>
%171 = stablehlo.multiply %169, %170 : tensor<4x128xf32>
%172 = stablehlo.multiply %158, %165 : tensor<4x128xf32>
%173 = stablehlo.multiply %158, %171 : tensor<4x128xf32>
%174 = stablehlo.add %165, %173 : tensor<4x128xf32>
%175 = stablehlo.convert %172 : (tensor<4x128xf32>) -> tensor<4x128xbf16>
%176 = stablehlo.convert %arg16 : (tensor<32x128xf32>) -> tensor<32x128xbf16>
%177 = stablehlo.dot_general %175, %176, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x128xbf16>, tensor<32x128xbf16>) -> tensor<4x32xf32>
%178 = stablehlo.broadcast_in_dim %arg17, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%179 = stablehlo.add %177, %178 : tensor<4x32xf32>
%180 = stablehlo.add %179, %131 : tensor<4x32xf32>
%181 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%182 = stablehlo.reduce(%180 init: %181) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%183 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%184 = stablehlo.multiply %182, %183 : tensor<4xf32>
%185 = stablehlo.broadcast_in_dim %184, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%186 = stablehlo.subtract %180, %185 : tensor<4x32xf32>
%187 = stablehlo.multiply %186, %186 : tensor<4x32xf32>
%188 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%189 = stablehlo.reduce(%187 init: %188) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%190 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%191 = stablehlo.multiply %189, %190 : tensor<4xf32>
%192 = stablehlo.constant dense<9.999999747e-06> : tensor<4xf32>
%193 = stablehlo.add %191, %192 : tensor<4xf32>
%194 = stablehlo.rsqrt %193 : tensor<4xf32>
%195 = stablehlo.broadcast_in_dim %194, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%196 = stablehlo.multiply %186, %195 : tensor<4x32xf32>
%197 = stablehlo.broadcast_in_dim %arg18, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%198 = stablehlo.multiply %196, %197 : tensor<4x32xf32>
%199 = stablehlo.broadcast_in_dim %arg19, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%200 = stablehlo.add %198, %199 : tensor<4x32xf32>
%201 = stablehlo.convert %200 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%202 = stablehlo.convert %arg20 : (tensor<32x16xf32>) -> tensor<32x16xbf16>
%203 = stablehlo.dot_general %201, %202, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x16xbf16>) -> tensor<4x16xf32>
%204 = stablehlo.multiply %203, %203 : tensor<4x16xf32>
%205 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%206 = stablehlo.reduce(%204 init: %205) applies stablehlo.add across dimensions = [1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<4xf32>
%207 = stablehlo.sqrt %206 : tensor<4xf32>
%208 = stablehlo.constant dense<1.000000000e-12> : tensor<4xf32>
%209 = stablehlo.maximum %207, %208 : tensor<4xf32>
%210 = stablehlo.broadcast_in_dim %209, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%211 = stablehlo.divide %203, %210 : tensor<4x16xf32>
%212 = stablehlo.reshape %arg23 : (tensor<4x8xi32>) -> tensor<32xi32>
%213 = "stablehlo.gather"(%arg21, %212) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 24>, indices_are_sorted = false}> : (tensor<50x24xf32>, tensor<32xi32>) -> tensor<32x24xf32>
%214 = stablehlo.reshape %213 : (tensor<32x24xf32>) -> tensor<4x8x24xf32>
%215 = stablehlo.slice %arg22 [0:8, 0:24] : (tensor<8x24xf32>) -> tensor<8x24xf32>
%216 = stablehlo.broadcast_in_dim %215, dims = [1, 2] : (tensor<8x24xf32>) -> tensor<4x8x24xf32>
%217 = stablehlo.add %214, %216 : tensor<4x8x24xf32>
%218 = stablehlo.reshape %217 : (tensor<4x8x24xf32>) -> tensor<32x24xf32>
%219 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%220 = stablehlo.reduce(%218 init: %219) applies stablehlo.add across dimensions = [1] : (tensor<32x24xf32>, tensor<f32>) -> tensor<32xf32>
%221 = stablehlo.constant dense<4.166666667e-02> : tensor<32xf32>
%222 = stablehlo.multiply %220, %221 : tensor<32xf32>
%223 = stablehlo.broadcast_in_dim %222, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%224 = stablehlo.subtract %218, %223 : tensor<32x24xf32>
%225 = stablehlo.multiply %224, %224 : tensor<32x24xf32>
%226 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%227 = stablehlo.reduce(%225 init: %226) applies stablehlo.add across dimensions = [1] : (tensor<32x24xf32>, tensor<f32>) -> tensor<32xf32>
%228 = stablehlo.constant dense<4.166666667e-02> : tensor<32xf32>
%229 = stablehlo.multiply %227, %228 : tensor<32xf32>
%230 = stablehlo.constant dense<9.999999747e-06> : tensor<32xf32>
%231 = stablehlo.add %229, %230 : tensor<32xf32>
%232 = stablehlo.rsqrt %231 : tensor<32xf32>
%233 = stablehlo.broadcast_in_dim %232, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%234 = stablehlo.multiply %224, %233 : tensor<32x24xf32>
%235 = stablehlo.broadcast_in_dim %arg24, dims = [1] : (tensor<24xf32>) -> tensor<32x24xf32>
%236 = stablehlo.multiply %234, %235 : tensor<32x24xf32>
%237 = stablehlo.broadcast_in_dim %arg25, dims = [1] : (tensor<24xf32>) -> tensor<32x24xf32>
%238 = stablehlo.add %236, %237 : tensor<32x24xf32>
%239 = stablehlo.reshape %238 : (tensor<32x24xf32>) -> tensor<4x8x24xf32>
%240 = stablehlo.constant dense<-2147483648> : tensor<i32>
%241 = stablehlo.reduce(%arg23 init: %240) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%242 = stablehlo.broadcast_in_dim %241, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
%243 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%244 = stablehlo.constant dense<8> : tensor<4x8xi32>
%245 = stablehlo.compare EQ, %arg23, %242 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%246 = stablehlo.select %245, %243, %244 : tensor<4x8xi1>, tensor<4x8xi32>
%247 = stablehlo.constant dense<2147483647> : tensor<i32>
%248 = stablehlo.reduce(%246 init: %247) applies stablehlo.minimum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%249 = stablehlo.constant dense<8> : tensor<4xi32>
%250 = stablehlo.compare LT, %248, %249 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
%251 = stablehlo.constant dense<0> : tensor<4xi32>
%252 = stablehlo.select %250, %248, %251 : tensor<4xi1>, tensor<4xi32>
%253 = stablehlo.iota dim = 1 : tensor<4x8x24xi32>
%254 = stablehlo.broadcast_in_dim %252, dims = [0] : (tensor<4xi32>) -> tensor<4x8x24xi32>
%255 = stablehlo.compare EQ, %253, %254 : (tensor<4x8x24xi32>, tensor<4x8x24xi32>) -> tensor<4x8x24xi1>
%256 = stablehlo.constant dense<0.000000000e+00> : tensor<4x8x24xf32>
%257 = stablehlo.select %255, %239, %256 : tensor<4x8x24xi1>, tensor<4x8x24xf32>
%258 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%259 = stablehlo.reduce(%257 init: %258) applies stablehlo.add across dimensions = [1] : (tensor<4x8x24xf32>, tensor<f32>) -> tensor<4x24xf32>
%260 = stablehlo.slice %arg26 [0:24, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%261 = stablehlo.slice %arg27 [0:24] : (tensor<72xf32>) -> tensor<24xf32>
%262 = stablehlo.slice %arg26 [24:48, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%263 = stablehlo.slice %arg27 [24:48] : (tensor<72xf32>) -> tensor<24xf32>
%264 = stablehlo.slice %arg26 [48:72, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%265 = stablehlo.slice %arg27 [48:72] : (tensor<72xf32>) -> tensor<24xf32>
%266 = stablehlo.convert %259 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%267 = stablehlo.convert %260 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%268 = stablehlo.dot_general %266, %267, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x24xbf16>) -> tensor<4x24xf32>
%269 = stablehlo.broadcast_in_dim %261, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%270 = stablehlo.add %268, %269 : tensor<4x24xf32>
%271 = stablehlo.constant dense<8> : tensor<4x3x24xi32>
%272 = stablehlo.iota dim = 1 : tensor<4x3x24xi32>
%273 = stablehlo.iota dim = 2 : tensor<4x3x24xi32>
%274 = stablehlo.divide %273, %271 : tensor<4x3x24xi32>
%275 = stablehlo.compare EQ, %272, %274 : (tensor<4x3x24xi32>, tensor<4x3x24xi32>) -> tensor<4x3x24xi1>
%276 = stablehlo.broadcast_in_dim %270, dims = [0, 2] : (tensor<4x24xf32>) -> tensor<4x3x24xf32>
%277 = stablehlo.constant dense<0.000000000e+00> : tensor<4x3x24xf32>
%278 = stablehlo.select %275, %276, %277 : tensor<4x3x24xi1>, tensor<4x3x24xf32>
%279 = stablehlo.reshape %278 : (tensor<4x3x24xf32>) -> tensor<12x24xf32>
%280 = stablehlo.convert %279 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%281 = stablehlo.convert %262 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%282 = stablehlo.dot_general %280, %281, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<24x24xbf16>) -> tensor<12x24xf32>
%283 = stablehlo.reshape %282 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%284 = stablehlo.dot_general %283, %239, batching_dims = [0] x [0], contracting_dims = [2] x [2], precision = [HIGHEST, HIGHEST] : (tensor<4x3x24xf32>, tensor<4x8x24xf32>) -> tensor<4x3x8xf32>
%285 = stablehlo.constant dense<3.535533845e-01> : tensor<4x3x8xf32>
%286 = stablehlo.multiply %284, %285 : tensor<4x3x8xf32>
%287 = stablehlo.iota dim = 2 : tensor<4x3x8xi32>
%288 = stablehlo.broadcast_in_dim %252, dims = [0] : (tensor<4xi32>) -> tensor<4x3x8xi32>
%289 = stablehlo.compare LE, %287, %288 : (tensor<4x3x8xi32>, tensor<4x3x8xi32>) -> tensor<4x3x8xi1>
%290 = stablehlo.constant dense<0xFF800000> : tensor<4x3x8xf32>
%291 = stablehlo.select %289, %286, %290 : tensor<4x3x8xi1>, tensor<4x3x8xf32>
%292 = stablehlo.constant dense<0xFF800000> : tensor<f32>
%293 = stablehlo.reduce(%291 init: %292) applies stablehlo.maximum across dimensions = [2] : (tensor<4x3x8xf32>, tensor<f32>) -> tensor<4x3xf32>
%294 = stablehlo.broadcast_in_dim %293, dims = [0, 1] : (tensor<4x3xf32>) -> tensor<4x3x8xf32>
%295 = stablehlo.subtract %291, %294 : tensor<4x3x8xf32>
%296 = stablehlo.exponential %295 : tensor<4x3x8xf32>
%297 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%298 = stablehlo.reduce(%296 init: %297) applies stablehlo.add across dimensions = [2] : (tensor<4x3x8xf32>, tensor<f32>) -> tensor<4x3xf32>
%299 = stablehlo.broadcast_in_dim %298, dims = [0, 1] : (tensor<4x3xf32>) -> tensor<4x3x8xf32>
%300 = stablehlo.divide %296, %299 : tensor<4x3x8xf32>
%301 = stablehlo.dot_general %300, %239, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x3x8xf32>, tensor<4x8x24xf32>) -> tensor<4x3x24xf32>
%302 = stablehlo.reshape %301 : (tensor<4x3x24xf32>) -> tensor<12x24xf32>
%303 = stablehlo.convert %302 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%304 = stablehlo.convert %264 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%305 = stablehlo.dot_general %303, %304, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<24x24xbf16>) -> tensor<12x24xf32>
%306 = stablehlo.constant dense<8> : tensor<4x3x24xi32>
%307 = stablehlo.iota dim = 1 : tensor<4x3x24xi32>
%308 = stablehlo.iota dim = 2 : tensor<4x3x24xi32>
%309 = stablehlo.divide %308, %306 : tensor<4x3x24xi32>
%310 = stablehlo.compare EQ, %307, %309 : (tensor<4x3x24xi32>, tensor<4x3x24xi32>) -> tensor<4x3x24xi1>
%311 = stablehlo.reshape %305 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%312 = stablehlo.constant dense<0.000000000e+00> : tensor<4x3x24xf32>
%313 = stablehlo.select %310, %311, %312 : tensor<4x3x24xi1>, tensor<4x3x24xf32>
%314 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%315 = stablehlo.reduce(%313 init: %314) applies stablehlo.add across dimensions = [1] : (tensor<4x3x24xf32>, tensor<f32>) -> tensor<4x24xf32>
%316 = stablehlo.broadcast_in_dim %265, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%317 = stablehlo.add %315, %316 : tensor<4x24xf32>
%318 = stablehlo.reshape %300 : (tensor<4x3x8xf32>) -> tensor<12x8xf32>
%319 = stablehlo.reshape %218 : (tensor<32x24xf32>) -> tensor<4x8x24xf32>
%320 = stablehlo.constant dense<-2147483648> : tensor<i32>
%321 = stablehlo.reduce(%arg23 init: %320) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%322 = stablehlo.broadcast_in_dim %321, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
%323 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%324 = stablehlo.constant dense<8> : tensor<4x8xi32>
%325 = stablehlo.compare EQ, %arg23, %322 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%326 = stablehlo.select %325, %323, %324 : tensor<4x8xi1>, tensor<4x8xi32>
%327 = stablehlo.constant dense<2147483647> : tensor<i32>
%328 = stablehlo.reduce(%326 init: %327) applies stablehlo.minimum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%329 = stablehlo.constant dense<8> : tensor<4xi32>
%330 = stablehlo.compare LT, %328, %329 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
%331 = stablehlo.constant dense<0> : tensor<4xi32>
%332 = stablehlo.select %330, %328, %331 : tensor<4xi1>, tensor<4xi32>
%333 = stablehlo.iota dim = 1 : tensor<4x8x24xi32>
%334 = stablehlo.broadcast_in_dim %332, dims = [0] : (tensor<4xi32>) -> tensor<4x8x24xi32>
%335 = stablehlo.compare EQ, %333, %334 : (tensor<4x8x24xi32>, tensor<4x8x24xi32>) -> tensor<4x8x24xi1>
%336 = stablehlo.constant dense<0.000000000e+00> : tensor<4x8x24xf32>
%337 = stablehlo.select %335, %319, %336 : tensor<4x8x24xi1>, tensor<4x8x24xf32>
%338 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%339 = stablehlo.reduce(%337 init: %338) applies stablehlo.add across dimensions = [1] : (tensor<4x8x24xf32>, tensor<f32>) -> tensor<4x24xf32>
%340 = stablehlo.convert %317 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%341 = stablehlo.convert %arg28 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%342 = stablehlo.dot_general %340, %341, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x24xbf16>) -> tensor<4x24xf32>
%343 = stablehlo.broadcast_in_dim %arg29, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%344 = stablehlo.add %342, %343 : tensor<4x24xf32>
%345 = stablehlo.add %344, %339 : tensor<4x24xf32>
%346 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%347 = stablehlo.reduce(%345 init: %346) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%348 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%349 = stablehlo.multiply %347, %348 : tensor<4xf32>
%350 = stablehlo.broadcast_in_dim %349, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%351 = stablehlo.subtract %345, %350 : tensor<4x24xf32>
%352 = stablehlo.multiply %351, %351 : tensor<4x24xf32>
%353 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%354 = stablehlo.reduce(%352 init: %353) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%355 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%356 = stablehlo.multiply %354, %355 : tensor<4xf32>
%357 = stablehlo.constant dense<9.999999747e-06> : tensor<4xf32>
%358 = stablehlo.add %356, %357 : tensor<4xf32>
%359 = stablehlo.rsqrt %358 : tensor<4xf32>
%360 = stablehlo.broadcast_in_dim %359, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%361 = stablehlo.multiply %351, %360 : tensor<4x24xf32>
%362 = stablehlo.broadcast_in_dim %arg30, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%363 = stablehlo.multiply %361, %362 : tensor<4x24xf32>
%364 = stablehlo.broadcast_in_dim %arg31, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%365 = stablehlo.add %363, %364 : tensor<4x24xf32>
%366 = stablehlo.convert %365 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%367 = stablehlo.convert %arg32 : (tensor<96x24xf32>) -> tensor<96x24xbf16>
%368 = stablehlo.dot_general %366, %367, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<96x24xbf16>) -> tensor<4x96xbf16>
%369 = stablehlo.convert %arg33 : (tensor<96xf32>) -> tensor<96xbf16>
%370 = stablehlo.broadcast_in_dim %369, dims = [1] : (tensor<96xbf16>) -> tensor<4x96xbf16>
%371 = stablehlo.add %368, %370 : tensor<4x96xbf16>
%372 = stablehlo.convert %371 : (tensor<4x96xbf16>) -> tensor<4x96xf32>
%373 = stablehlo.constant dense<1.000000000e+00> : tensor<4x96xf32>
%374 = stablehlo.constant dense<7.071067812e-01> : tensor<4x96xf32>
%375 = stablehlo.multiply %372, %374 : tensor<4x96xf32>
%376 = chlo.erf %375 : tensor<4x96xf32> -> tensor<4x96xf32>
%377 = stablehlo.add %376, %373 : tensor<4x96xf32>
%378 = stablehlo.constant dense<5.000000000e-01> : tensor<4x96xf32>
%379 = stablehlo.multiply %377, %378 : tensor<4x96xf32>
%380 = stablehlo.multiply %372, %372 : tensor<4x96xf32>
%381 = stablehlo.constant dense<-5.000000000e-01> : tensor<4x96xf32>
%382 = stablehlo.multiply %380, %381 : tensor<4x96xf32>
%383 = stablehlo.exponential %382 : tensor<4x96xf32>
%384 = stablehlo.constant dense<3.989422804e-01> : tensor<4x96xf32>
%385 = stablehlo.multiply %383, %384 : tensor<4x96xf32>
%386 = stablehlo.multiply %372, %379 : tensor<4x96xf32>
%387 = stablehlo.multiply %372, %385 : tensor<4x96xf32>
%388 = stablehlo.add %379, %387 : tensor<4x96xf32>
%389 = stablehlo.convert %386 : (tensor<4x96xf32>) -> tensor<4x96xbf16>
%390 = stablehlo.convert %arg34 : (tensor<24x96xf32>) -> tensor<24x96xbf16>
%391 = stablehlo.dot_general %389, %390, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x96xbf16>, tensor<24x96xbf16>) -> tensor<4x24xf32>
%392 = stablehlo.broadcast_in_dim %arg35, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%393 = stablehlo.add %391, %392 : tensor<4x24xf32>
%394 = stablehlo.add %393, %345 : tensor<4x24xf32>
%395 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%396 = stablehlo.reduce(%394 init: %395) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%397 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%398 = stablehlo.multiply %396, %397 : tensor<4xf32>
%399 = stablehlo.broadcast_in_dim %398, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%400 = stablehlo.subtract %394, %399 : tensor<4x24xf32>
%401 = stablehlo.multiply %400, %400 : tensor<4x24xf32>
%402 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%403 = stablehlo.reduce(%401 init: %402) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%404 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%405 = stablehlo.multiply %403, %404 : tensor<4xf32>
%406 = stablehlo.constant dense<9.999999747e-06> : tensor<4xf32>
%407 = stablehlo.add %405, %406 : tensor<4xf32>
%408 = stablehlo.rsqrt %407 : tensor<4xf32>
%409 = stablehlo.broadcast_in_dim %408, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%410 = stablehlo.multiply %400, %409 : tensor<4x24xf32>
%411 = stablehlo.broadcast_in_dim %arg36, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%412 = stablehlo.multiply %410, %411 : tensor<4x24xf32>
%413 = stablehlo.broadcast_in_dim %arg37, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%414 = stablehlo.add %412, %413 : tensor<4x24xf32>
%415 = stablehlo.convert %414 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%416 = stablehlo.convert %arg38 : (tensor<24x16xf32>) -> tensor<24x16xbf16>
%417 = stablehlo.dot_general %415, %416, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x16xbf16>) -> tensor<4x16xf32>
%418 = stablehlo.multiply %417, %417 : tensor<4x16xf32>
%419 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%420 = stablehlo.reduce(%418 init: %419) applies stablehlo.add across dimensions = [1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<4xf32>
%421 = stablehlo.sqrt %420 : tensor<4xf32>
%422 = stablehlo.constant dense<1.000000000e-12> : tensor<4xf32>
%423 = stablehlo.maximum %421, %422 : tensor<4xf32>
%424 = stablehlo.broadcast_in_dim %423, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%425 = stablehlo.divide %417, %424 : tensor<4x16xf32>
%426 = "stablehlo.all_gather"(%425) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%427 = stablehlo.dot_general %211, %426, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
%428 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%429 = stablehlo.exponential %428 : tensor<f32>
%430 = stablehlo.broadcast_in_dim %429, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%431 = stablehlo.multiply %427, %430 : tensor<4x8xf32>
%432 = "stablehlo.all_gather"(%211) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%433 = stablehlo.dot_general %425, %432, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
%434 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%435 = stablehlo.exponential %434 : tensor<f32>
%436 = stablehlo.broadcast_in_dim %435, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%437 = stablehlo.multiply %433, %436 : tensor<4x8xf32>
%438 = stablehlo.constant dense<0xFF800000> : tensor<f32>
%439 = stablehlo.reduce(%431 init: %438) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
%440 = stablehlo.broadcast_in_dim %439, dims = [0] : (tensor<4xf32>) -> tensor<4x8xf32>
%441 = stablehlo.subtract %431, %440 : tensor<4x8xf32>
%442 = stablehlo.exponential %441 : tensor<4x8xf32>
%443 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%444 = stablehlo.reduce(%442 init: %443) applies stablehlo.add across dimensions = [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
%445 = stablehlo.log %444 : tensor<4xf32>
%446 = stablehlo.add %439, %445 : tensor<4xf32>
%447 = stablehlo.constant dense<0xFF800000> : tensor<f32>
%448 = stablehlo.reduce(%437 init: %447) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
%449 = stablehlo.broadcast_in_dim %448, dims = [0] : (tensor<4xf32>) -> tensor<4x8xf32>
%450 = stablehlo.subtract %437, %449 : tensor<4x8xf32>
%451 = stablehlo.exponential %450 : tensor<4x8xf32>
%452 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%453 = stablehlo.reduce(%451 init: %452) applies stablehlo.add across dimensions = [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
%454 = stablehlo.log %453 : tensor<4xf32>
%455 = stablehlo.add %448, %454 : tensor<4xf32>
%456 = stablehlo.multiply %211, %425 : tensor<4x16xf32>
%457 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%458 = stablehlo.reduce(%456 init: %457) applies stablehlo.add across dimensions = [1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<4xf32>
%459 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%460 = stablehlo.exponential %459 : tensor<f32>
%461 = stablehlo.broadcast_in_dim %460, dims = [] : (tensor<f32>) -> tensor<4xf32>
%462 = stablehlo.multiply %458, %461 : tensor<4xf32>
%463 = stablehlo.add %446, %455 : tensor<4xf32>
%464 = stablehlo.constant dense<2.000000000e+00> : tensor<4xf32>
%465 = stablehlo.multiply %462, %464 : tensor<4xf32>
%466 = stablehlo.subtract %463, %465 : tensor<4xf32>
%467 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%468 = stablehlo.reduce(%466 init: %467) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
%469 = stablehlo.constant dense<6.250000000e-02> : tensor<f32>
%470 = stablehlo.multiply %468, %469 : tensor<f32>
%471 = "stablehlo.all_reduce"(%470) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
^bb0(%p: tensor<f32>, %q: tensor<f32>):
  %r = stablehlo.add %p, %q : tensor<f32>
  stablehlo.return %r : tensor<f32>
}) : (tensor<f32>) -> tensor<f32>
%472 = stablehlo.constant dense<1.000000000e+00> : tensor<f32>
%473 = "stablehlo.all_gather"(%425) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%474 = stablehlo.dot_general %211, %473, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
%475 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%476 = stablehlo.exponential %475 : tensor<f32>
%477 = stablehlo.broadcast_in_dim %476, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%478 = stablehlo.multiply %474, %477 : tensor<4x8xf32>
%479 = stablehlo.broadcast_in_dim %446, dims = [0] : (tensor<4xf32>) -> tensor<4x8xf32>
%480 = stablehlo.subtract %478, %479 : tensor<4x8xf32>
%481 = stablehlo.exponential %480 : tensor<4x8xf32>
%482 = "stablehlo.all_gather"(%455) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4xf32>) -> tensor<8xf32>
%483 = stablehlo.broadcast_in_dim %482, dims = [1] : (tensor<8xf32>) -> tensor<4x8xf32>
%484 = stablehlo.subtract %478, %483 : tensor<4x8xf32>
%485 = stablehlo.exponential %484 : tensor<4x8xf32>
%486 = stablehlo.add %481, %485 : tensor<4x8xf32>
%487 = stablehlo.replica_id : tensor<ui32>
%488 = stablehlo.convert %487 : (tensor<ui32>) -> tensor<i32>
%489 = stablehlo.constant dense<4> : tensor<i32>
%490 = stablehlo.multiply %488, %489 : tensor<i32>
%491 = stablehlo.iota dim = 0 : tensor<4x8xi32>
%492 = stablehlo.broadcast_in_dim %490, dims = [] : (tensor<i32>) -> tensor<4x8xi32>
%493 = stablehlo.add %491, %492 : tensor<4x8xi32>
%494 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%495 = stablehlo.compare EQ, %493, %494 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%496 = stablehlo.constant dense<-2.000000000e+00> : tensor<4x8xf32>
%497 = stablehlo.add %486, %496 : tensor<4x8xf32>
%498 = stablehlo.select %495, %497, %486 : tensor<4x8xi1>, tensor<4x8xf32>
%499 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%500 = stablehlo.exponential %499 : tensor<f32>
%501 = stablehlo.multiply %500, %472 : tensor<f32>
%502 = stablehlo.constant dense<6.250000000e-02> : tensor<f32>
%503 = stablehlo.multiply %501, %502 : tensor<f32>
%504 = stablehlo.broadcast_in_dim %503, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%505 = stablehlo.multiply %498, %504 : tensor<4x8xf32>
%506 = "stablehlo.all_gather"(%425) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%507 = stablehlo.dot_general %505, %506, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
%508 = "stablehlo.all_gather"(%211) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%509 = stablehlo.dot_general %425, %508, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
%510 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%511 = stablehlo.exponential %510 : tensor<f32>
%512 = stablehlo.broadcast_in_dim %511, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%513 = stablehlo.multiply %509, %512 : tensor<4x8xf32>
%514 = stablehlo.broadcast_in_dim %455, dims = [0] : (tensor<4xf32>) -> tensor<4x8xf32>
%515 = stablehlo.subtract %513, %514 : tensor<4x8xf32>
%516 = stablehlo.exponential %515 : tensor<4x8xf32>
%517 = "stablehlo.all_gather"(%446) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4xf32>) -> tensor<8xf32>
%518 = stablehlo.broadcast_in_dim %517, dims = [1] : (tensor<8xf32>) -> tensor<4x8xf32>
%519 = stablehlo.subtract %513, %518 : tensor<4x8xf32>
%520 = stablehlo.exponential %519 : tensor<4x8xf32>
%521 = stablehlo.add %516, %520 : tensor<4x8xf32>
%522 = stablehlo.replica_id : tensor<ui32>
%523 = stablehlo.convert %522 : (tensor<ui32>) -> tensor<i32>
%524 = stablehlo.constant dense<4> : tensor<i32>
%525 = stablehlo.multiply %523, %524 : tensor<i32>
%526 = stablehlo.iota dim = 0 : tensor<4x8xi32>
%527 = stablehlo.broadcast_in_dim %525, dims = [] : (tensor<i32>) -> tensor<4x8xi32>
%528 = stablehlo.add %526, %527 : tensor<4x8xi32>
%529 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%530 = stablehlo.compare EQ, %528, %529 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%531 = stablehlo.constant dense<-2.000000000e+00> : tensor<4x8xf32>
%532 = stablehlo.add %521, %531 : tensor<4x8xf32>
%533 = stablehlo.select %530, %532, %521 : tensor<4x8xi1>, tensor<4x8xf32>
%534 = stablehlo.reshape %arg39 : (tensor<1xf32>) -> tensor<f32>
%535 = stablehlo.exponential %534 : tensor<f32>
%536 = stablehlo.multiply %535, %472 : tensor<f32>
%537 = stablehlo.constant dense<6.250000000e-02> : tensor<f32>
%538 = stablehlo.multiply %536, %537 : tensor<f32>
%539 = stablehlo.broadcast_in_dim %538, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
%540 = stablehlo.multiply %533, %539 : tensor<4x8xf32>
%541 = "stablehlo.all_gather"(%211) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x16xf32>) -> tensor<8x16xf32>
%542 = stablehlo.dot_general %540, %541, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
%543 = stablehlo.multiply %507, %211 : tensor<4x16xf32>
%544 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%545 = stablehlo.reduce(%543 init: %544) applies stablehlo.add across dimensions = [0, 1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<f32>
%546 = stablehlo.reshape %545 : (tensor<f32>) -> tensor<1xf32>
%547 = stablehlo.multiply %211, %507 : tensor<4x16xf32>
%548 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%549 = stablehlo.reduce(%547 init: %548) applies stablehlo.add across dimensions = [1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<4xf32>
%550 = stablehlo.broadcast_in_dim %549, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%551 = stablehlo.multiply %550, %211 : tensor<4x16xf32>
%552 = stablehlo.subtract %507, %551 : tensor<4x16xf32>
%553 = stablehlo.broadcast_in_dim %209, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%554 = stablehlo.divide %552, %553 : tensor<4x16xf32>
%555 = stablehlo.convert %554 : (tensor<4x16xf32>) -> tensor<4x16xbf16>
%556 = stablehlo.convert %arg20 : (tensor<32x16xf32>) -> tensor<32x16xbf16>
%557 = stablehlo.dot_general %555, %556, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x16xbf16>, tensor<32x16xbf16>) -> tensor<4x32xbf16>
%558 = stablehlo.convert %557 : (tensor<4x32xbf16>) -> tensor<4x32xf32>
%559 = stablehlo.broadcast_in_dim %184, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%560 = stablehlo.subtract %180, %559 : tensor<4x32xf32>
%561 = stablehlo.broadcast_in_dim %194, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%562 = stablehlo.multiply %560, %561 : tensor<4x32xf32>
%563 = stablehlo.broadcast_in_dim %arg18, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%564 = stablehlo.multiply %558, %563 : tensor<4x32xf32>
%565 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%566 = stablehlo.reduce(%564 init: %565) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%567 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%568 = stablehlo.multiply %566, %567 : tensor<4xf32>
%569 = stablehlo.broadcast_in_dim %568, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%570 = stablehlo.subtract %564, %569 : tensor<4x32xf32>
%571 = stablehlo.multiply %564, %562 : tensor<4x32xf32>
%572 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%573 = stablehlo.reduce(%571 init: %572) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%574 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%575 = stablehlo.multiply %573, %574 : tensor<4xf32>
%576 = stablehlo.broadcast_in_dim %575, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%577 = stablehlo.multiply %562, %576 : tensor<4x32xf32>
%578 = stablehlo.subtract %570, %577 : tensor<4x32xf32>
%579 = stablehlo.broadcast_in_dim %194, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%580 = stablehlo.multiply %578, %579 : tensor<4x32xf32>
%581 = stablehlo.multiply %558, %562 : tensor<4x32xf32>
%582 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%583 = stablehlo.reduce(%581 init: %582) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%584 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%585 = stablehlo.reduce(%558 init: %584) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%586 = stablehlo.convert %580 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%587 = stablehlo.convert %arg16 : (tensor<32x128xf32>) -> tensor<32x128xbf16>
%588 = stablehlo.dot_general %586, %587, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x128xbf16>) -> tensor<4x128xbf16>
%589 = stablehlo.convert %157 : (tensor<4x128xbf16>) -> tensor<4x128xf32>
%590 = stablehlo.constant dense<1.000000000e+00> : tensor<4x128xf32>
%591 = stablehlo.constant dense<7.071067812e-01> : tensor<4x128xf32>
%592 = stablehlo.multiply %589, %591 : tensor<4x128xf32>
%593 = chlo.erf %592 : tensor<4x128xf32> -> tensor<4x128xf32>
%594 = stablehlo.add %593, %590 : tensor<4x128xf32>
%595 = stablehlo.constant dense<5.000000000e-01> : tensor<4x128xf32>
%596 = stablehlo.multiply %594, %595 : tensor<4x128xf32>
%597 = stablehlo.multiply %589, %589 : tensor<4x128xf32>
%598 = stablehlo.constant dense<-5.000000000e-01> : tensor<4x128xf32>
%599 = stablehlo.multiply %597, %598 : tensor<4x128xf32>
%600 = stablehlo.exponential %599 : tensor<4x128xf32>
%601 = stablehlo.constant dense<3.989422804e-01> : tensor<4x128xf32>
%602 = stablehlo.multiply %600, %601 : tensor<4x128xf32>
%603 = stablehlo.multiply %589, %596 : tensor<4x128xf32>
%604 = stablehlo.multiply %589, %602 : tensor<4x128xf32>
%605 = stablehlo.add %596, %604 : tensor<4x128xf32>
%606 = stablehlo.convert %588 : (tensor<4x128xbf16>) -> tensor<4x128xf32>
%607 = stablehlo.multiply %605, %606 : tensor<4x128xf32>
%608 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%609 = stablehlo.reduce(%607 init: %608) applies stablehlo.add across dimensions = [0] : (tensor<4x128xf32>, tensor<f32>) -> tensor<128xf32>
%610 = stablehlo.convert %607 : (tensor<4x128xf32>) -> tensor<4x128xbf16>
%611 = stablehlo.convert %arg14 : (tensor<128x32xf32>) -> tensor<128x32xbf16>
%612 = stablehlo.dot_general %610, %611, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x128xbf16>, tensor<128x32xbf16>) -> tensor<4x32xbf16>
%613 = stablehlo.convert %612 : (tensor<4x32xbf16>) -> tensor<4x32xf32>
%614 = stablehlo.broadcast_in_dim %135, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%615 = stablehlo.subtract %131, %614 : tensor<4x32xf32>
%616 = stablehlo.broadcast_in_dim %145, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%617 = stablehlo.multiply %615, %616 : tensor<4x32xf32>
%618 = stablehlo.broadcast_in_dim %arg12, dims = [1] : (tensor<32xf32>) -> tensor<4x32xf32>
%619 = stablehlo.multiply %613, %618 : tensor<4x32xf32>
%620 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%621 = stablehlo.reduce(%619 init: %620) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%622 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%623 = stablehlo.multiply %621, %622 : tensor<4xf32>
%624 = stablehlo.broadcast_in_dim %623, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%625 = stablehlo.subtract %619, %624 : tensor<4x32xf32>
%626 = stablehlo.multiply %619, %617 : tensor<4x32xf32>
%627 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%628 = stablehlo.reduce(%626 init: %627) applies stablehlo.add across dimensions = [1] : (tensor<4x32xf32>, tensor<f32>) -> tensor<4xf32>
%629 = stablehlo.constant dense<3.125000000e-02> : tensor<4xf32>
%630 = stablehlo.multiply %628, %629 : tensor<4xf32>
%631 = stablehlo.broadcast_in_dim %630, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%632 = stablehlo.multiply %617, %631 : tensor<4x32xf32>
%633 = stablehlo.subtract %625, %632 : tensor<4x32xf32>
%634 = stablehlo.broadcast_in_dim %145, dims = [0] : (tensor<4xf32>) -> tensor<4x32xf32>
%635 = stablehlo.multiply %633, %634 : tensor<4x32xf32>
%636 = stablehlo.multiply %613, %617 : tensor<4x32xf32>
%637 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%638 = stablehlo.reduce(%636 init: %637) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%639 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%640 = stablehlo.reduce(%613 init: %639) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%641 = stablehlo.add %580, %635 : tensor<4x32xf32>
%642 = stablehlo.constant dense<0> : tensor<4xi32>
%643 = stablehlo.iota dim = 1 : tensor<4x5x32xi32>
%644 = stablehlo.broadcast_in_dim %642, dims = [0] : (tensor<4xi32>) -> tensor<4x5x32xi32>
%645 = stablehlo.compare EQ, %643, %644 : (tensor<4x5x32xi32>, tensor<4x5x32xi32>) -> tensor<4x5x32xi1>
%646 = stablehlo.broadcast_in_dim %641, dims = [0, 2] : (tensor<4x32xf32>) -> tensor<4x5x32xf32>
%647 = stablehlo.constant dense<0.000000000e+00> : tensor<4x5x32xf32>
%648 = stablehlo.select %645, %646, %647 : tensor<4x5x32xi1>, tensor<4x5x32xf32>
%649 = stablehlo.reshape %648 : (tensor<4x5x32xf32>) -> tensor<20x32xf32>
%650 = stablehlo.convert %641 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%651 = stablehlo.convert %arg10 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%652 = stablehlo.dot_general %650, %651, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x32xbf16>) -> tensor<4x32xf32>
%653 = stablehlo.reshape %53 : (tensor<20x32xf32>) -> tensor<4x5x32xf32>
%654 = stablehlo.reshape %85 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%655 = stablehlo.reshape %116 : (tensor<8x5xf32>) -> tensor<4x2x5xf32>
%656 = stablehlo.constant dense<16> : tensor<4x2x32xi32>
%657 = stablehlo.iota dim = 1 : tensor<4x2x32xi32>
%658 = stablehlo.iota dim = 2 : tensor<4x2x32xi32>
%659 = stablehlo.divide %658, %656 : tensor<4x2x32xi32>
%660 = stablehlo.compare EQ, %657, %659 : (tensor<4x2x32xi32>, tensor<4x2x32xi32>) -> tensor<4x2x32xi1>
%661 = stablehlo.broadcast_in_dim %652, dims = [0, 2] : (tensor<4x32xf32>) -> tensor<4x2x32xf32>
%662 = stablehlo.constant dense<0.000000000e+00> : tensor<4x2x32xf32>
%663 = stablehlo.select %660, %661, %662 : tensor<4x2x32xi1>, tensor<4x2x32xf32>
%664 = stablehlo.reshape %663 : (tensor<4x2x32xf32>) -> tensor<8x32xf32>
%665 = stablehlo.slice %arg8 [64:96, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%666 = stablehlo.convert %664 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%667 = stablehlo.convert %665 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%668 = stablehlo.dot_general %666, %667, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<32x32xbf16>) -> tensor<8x32xf32>
%669 = stablehlo.convert %664 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%670 = stablehlo.convert %100 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%671 = stablehlo.dot_general %669, %670, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<8x32xbf16>) -> tensor<32x32xf32>
%672 = stablehlo.reshape %668 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%673 = stablehlo.dot_general %672, %653, batching_dims = [0] x [0], contracting_dims = [2] x [2], precision = [HIGHEST, HIGHEST] : (tensor<4x2x32xf32>, tensor<4x5x32xf32>) -> tensor<4x2x5xf32>
%674 = stablehlo.multiply %655, %673 : tensor<4x2x5xf32>
%675 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%676 = stablehlo.reduce(%674 init: %675) applies stablehlo.add across dimensions = [2] : (tensor<4x2x5xf32>, tensor<f32>) -> tensor<4x2xf32>
%677 = stablehlo.broadcast_in_dim %676, dims = [0, 1] : (tensor<4x2xf32>) -> tensor<4x2x5xf32>
%678 = stablehlo.subtract %673, %677 : tensor<4x2x5xf32>
%679 = stablehlo.multiply %655, %678 : tensor<4x2x5xf32>
%680 = stablehlo.constant dense<2.500000000e-01> : tensor<4x2x5xf32>
%681 = stablehlo.multiply %679, %680 : tensor<4x2x5xf32>
%682 = stablehlo.dot_general %681, %653, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x2x5xf32>, tensor<4x5x32xf32>) -> tensor<4x2x32xf32>
%683 = stablehlo.reshape %682 : (tensor<4x2x32xf32>) -> tensor<8x32xf32>
%684 = stablehlo.reshape %668 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%685 = stablehlo.dot_general %655, %684, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x2x5xf32>, tensor<4x2x32xf32>) -> tensor<4x5x32xf32>
%686 = stablehlo.dot_general %681, %654, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x2x5xf32>, tensor<4x2x32xf32>) -> tensor<4x5x32xf32>
%687 = stablehlo.add %685, %686 : tensor<4x5x32xf32>
%688 = stablehlo.convert %82 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%689 = stablehlo.convert %683 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%690 = stablehlo.dot_general %688, %689, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<8x32xbf16>) -> tensor<32x32xf32>
%691 = stablehlo.slice %arg8 [32:64, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%692 = stablehlo.convert %683 : (tensor<8x32xf32>) -> tensor<8x32xbf16>
%693 = stablehlo.convert %691 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%694 = stablehlo.dot_general %692, %693, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x32xbf16>, tensor<32x32xbf16>) -> tensor<8x32xf32>
%695 = stablehlo.constant dense<16> : tensor<4x2x32xi32>
%696 = stablehlo.iota dim = 1 : tensor<4x2x32xi32>
%697 = stablehlo.iota dim = 2 : tensor<4x2x32xi32>
%698 = stablehlo.divide %697, %695 : tensor<4x2x32xi32>
%699 = stablehlo.compare EQ, %696, %698 : (tensor<4x2x32xi32>, tensor<4x2x32xi32>) -> tensor<4x2x32xi1>
%700 = stablehlo.reshape %694 : (tensor<8x32xf32>) -> tensor<4x2x32xf32>
%701 = stablehlo.constant dense<0.000000000e+00> : tensor<4x2x32xf32>
%702 = stablehlo.select %699, %700, %701 : tensor<4x2x32xi1>, tensor<4x2x32xf32>
%703 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%704 = stablehlo.reduce(%702 init: %703) applies stablehlo.add across dimensions = [1] : (tensor<4x2x32xf32>, tensor<f32>) -> tensor<4x32xf32>
%705 = stablehlo.convert %704 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%706 = stablehlo.convert %62 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%707 = stablehlo.dot_general %705, %706, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<4x32xbf16>) -> tensor<32x32xf32>
%708 = stablehlo.slice %arg8 [0:32, 0:32] : (tensor<96x32xf32>) -> tensor<32x32xf32>
%709 = stablehlo.convert %704 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%710 = stablehlo.convert %708 : (tensor<32x32xf32>) -> tensor<32x32xbf16>
%711 = stablehlo.dot_general %709, %710, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<32x32xbf16>) -> tensor<4x32xf32>
%712 = stablehlo.constant dense<0> : tensor<4xi32>
%713 = stablehlo.iota dim = 1 : tensor<4x5x32xi32>
%714 = stablehlo.broadcast_in_dim %712, dims = [0] : (tensor<4xi32>) -> tensor<4x5x32xi32>
%715 = stablehlo.compare EQ, %713, %714 : (tensor<4x5x32xi32>, tensor<4x5x32xi32>) -> tensor<4x5x32xi1>
%716 = stablehlo.broadcast_in_dim %711, dims = [0, 2] : (tensor<4x32xf32>) -> tensor<4x5x32xf32>
%717 = stablehlo.constant dense<0.000000000e+00> : tensor<4x5x32xf32>
%718 = stablehlo.select %715, %716, %717 : tensor<4x5x32xi1>, tensor<4x5x32xf32>
%719 = stablehlo.add %687, %718 : tensor<4x5x32xf32>
%720 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%721 = stablehlo.reduce(%704 init: %720) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%722 = stablehlo.constant dense<0.000000000e+00> : tensor<32xf32>
%723 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%724 = stablehlo.reduce(%652 init: %723) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%725 = stablehlo.concatenate %721, %722, %724, dim = 0 : (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<96xf32>
%726 = stablehlo.reshape %719 : (tensor<4x5x32xf32>) -> tensor<20x32xf32>
%727 = stablehlo.concatenate %707, %690, %671, dim = 0 : (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<96x32xf32>
%728 = stablehlo.broadcast_in_dim %37, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%729 = stablehlo.subtract %33, %728 : tensor<20x32xf32>
%730 = stablehlo.broadcast_in_dim %47, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%731 = stablehlo.multiply %729, %730 : tensor<20x32xf32>
%732 = stablehlo.broadcast_in_dim %arg6, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%733 = stablehlo.multiply %726, %732 : tensor<20x32xf32>
%734 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%735 = stablehlo.reduce(%733 init: %734) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%736 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%737 = stablehlo.multiply %735, %736 : tensor<20xf32>
%738 = stablehlo.broadcast_in_dim %737, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%739 = stablehlo.subtract %733, %738 : tensor<20x32xf32>
%740 = stablehlo.multiply %733, %731 : tensor<20x32xf32>
%741 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%742 = stablehlo.reduce(%740 init: %741) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%743 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%744 = stablehlo.multiply %742, %743 : tensor<20xf32>
%745 = stablehlo.broadcast_in_dim %744, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%746 = stablehlo.multiply %731, %745 : tensor<20x32xf32>
%747 = stablehlo.subtract %739, %746 : tensor<20x32xf32>
%748 = stablehlo.broadcast_in_dim %47, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%749 = stablehlo.multiply %747, %748 : tensor<20x32xf32>
%750 = stablehlo.multiply %726, %731 : tensor<20x32xf32>
%751 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%752 = stablehlo.reduce(%750 init: %751) applies stablehlo.add across dimensions = [0] : (tensor<20x32xf32>, tensor<f32>) -> tensor<32xf32>
%753 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%754 = stablehlo.reduce(%726 init: %753) applies stablehlo.add across dimensions = [0] : (tensor<20x32xf32>, tensor<f32>) -> tensor<32xf32>
%755 = stablehlo.add %649, %749 : tensor<20x32xf32>
%756 = stablehlo.broadcast_in_dim %17, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%757 = stablehlo.subtract %13, %756 : tensor<20x32xf32>
%758 = stablehlo.broadcast_in_dim %27, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%759 = stablehlo.multiply %757, %758 : tensor<20x32xf32>
%760 = stablehlo.broadcast_in_dim %arg4, dims = [1] : (tensor<32xf32>) -> tensor<20x32xf32>
%761 = stablehlo.multiply %755, %760 : tensor<20x32xf32>
%762 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%763 = stablehlo.reduce(%761 init: %762) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%764 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%765 = stablehlo.multiply %763, %764 : tensor<20xf32>
%766 = stablehlo.broadcast_in_dim %765, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%767 = stablehlo.subtract %761, %766 : tensor<20x32xf32>
%768 = stablehlo.multiply %761, %759 : tensor<20x32xf32>
%769 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%770 = stablehlo.reduce(%768 init: %769) applies stablehlo.add across dimensions = [1] : (tensor<20x32xf32>, tensor<f32>) -> tensor<20xf32>
%771 = stablehlo.constant dense<3.125000000e-02> : tensor<20xf32>
%772 = stablehlo.multiply %770, %771 : tensor<20xf32>
%773 = stablehlo.broadcast_in_dim %772, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%774 = stablehlo.multiply %759, %773 : tensor<20x32xf32>
%775 = stablehlo.subtract %767, %774 : tensor<20x32xf32>
%776 = stablehlo.broadcast_in_dim %27, dims = [0] : (tensor<20xf32>) -> tensor<20x32xf32>
%777 = stablehlo.multiply %775, %776 : tensor<20x32xf32>
%778 = stablehlo.multiply %755, %759 : tensor<20x32xf32>
%779 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%780 = stablehlo.reduce(%778 init: %779) applies stablehlo.add across dimensions = [0] : (tensor<20x32xf32>, tensor<f32>) -> tensor<32xf32>
%781 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%782 = stablehlo.reduce(%755 init: %781) applies stablehlo.add across dimensions = [0] : (tensor<20x32xf32>, tensor<f32>) -> tensor<32xf32>
%783 = stablehlo.reshape %777 : (tensor<20x32xf32>) -> tensor<4x5x32xf32>
%784 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%785 = stablehlo.reduce(%783 init: %784) applies stablehlo.add across dimensions = [0] : (tensor<4x5x32xf32>, tensor<f32>) -> tensor<5x32xf32>
%786 = stablehlo.slice %783 [0:4, 1:5, 0:32] : (tensor<4x5x32xf32>) -> tensor<4x4x32xf32>
%787 = stablehlo.reshape %786 : (tensor<4x4x32xf32>) -> tensor<16x32xf32>
%788 = stablehlo.slice %785 [0:1, 0:32] : (tensor<5x32xf32>) -> tensor<1x32xf32>
%789 = stablehlo.reshape %788 : (tensor<1x32xf32>) -> tensor<32xf32>
%790 = stablehlo.convert %787 : (tensor<16x32xf32>) -> tensor<16x32xbf16>
%791 = stablehlo.convert %4 : (tensor<16x192xf32>) -> tensor<16x192xbf16>
%792 = stablehlo.dot_general %790, %791, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<16x32xbf16>, tensor<16x192xbf16>) -> tensor<32x192xf32>
%793 = stablehlo.convert %554 : (tensor<4x16xf32>) -> tensor<4x16xbf16>
%794 = stablehlo.dot_general %201, %793, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<4x16xbf16>) -> tensor<32x16xf32>
%795 = stablehlo.convert %641 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%796 = stablehlo.convert %115 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%797 = stablehlo.dot_general %795, %796, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<4x32xbf16>) -> tensor<32x32xf32>
%798 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%799 = stablehlo.reduce(%641 init: %798) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%800 = stablehlo.dot_general %610, %152, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x128xbf16>, tensor<4x32xbf16>) -> tensor<128x32xf32>
%801 = stablehlo.convert %580 : (tensor<4x32xf32>) -> tensor<4x32xbf16>
%802 = stablehlo.dot_general %801, %175, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x32xbf16>, tensor<4x128xbf16>) -> tensor<32x128xf32>
%803 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%804 = stablehlo.reduce(%580 init: %803) applies stablehlo.add across dimensions = [0] : (tensor<4x32xf32>, tensor<f32>) -> tensor<32xf32>
%805 = stablehlo.multiply %425, %542 : tensor<4x16xf32>
%806 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%807 = stablehlo.reduce(%805 init: %806) applies stablehlo.add across dimensions = [1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<4xf32>
%808 = stablehlo.broadcast_in_dim %807, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%809 = stablehlo.multiply %808, %425 : tensor<4x16xf32>
%810 = stablehlo.subtract %542, %809 : tensor<4x16xf32>
%811 = stablehlo.broadcast_in_dim %423, dims = [0] : (tensor<4xf32>) -> tensor<4x16xf32>
%812 = stablehlo.divide %810, %811 : tensor<4x16xf32>
%813 = stablehlo.convert %812 : (tensor<4x16xf32>) -> tensor<4x16xbf16>
%814 = stablehlo.convert %arg38 : (tensor<24x16xf32>) -> tensor<24x16xbf16>
%815 = stablehlo.dot_general %813, %814, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x16xbf16>, tensor<24x16xbf16>) -> tensor<4x24xbf16>
%816 = stablehlo.convert %815 : (tensor<4x24xbf16>) -> tensor<4x24xf32>
%817 = stablehlo.broadcast_in_dim %398, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%818 = stablehlo.subtract %394, %817 : tensor<4x24xf32>
%819 = stablehlo.broadcast_in_dim %408, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%820 = stablehlo.multiply %818, %819 : tensor<4x24xf32>
%821 = stablehlo.broadcast_in_dim %arg36, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%822 = stablehlo.multiply %816, %821 : tensor<4x24xf32>
%823 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%824 = stablehlo.reduce(%822 init: %823) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%825 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%826 = stablehlo.multiply %824, %825 : tensor<4xf32>
%827 = stablehlo.broadcast_in_dim %826, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%828 = stablehlo.subtract %822, %827 : tensor<4x24xf32>
%829 = stablehlo.multiply %822, %820 : tensor<4x24xf32>
%830 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%831 = stablehlo.reduce(%829 init: %830) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%832 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%833 = stablehlo.multiply %831, %832 : tensor<4xf32>
%834 = stablehlo.broadcast_in_dim %833, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%835 = stablehlo.multiply %820, %834 : tensor<4x24xf32>
%836 = stablehlo.subtract %828, %835 : tensor<4x24xf32>
%837 = stablehlo.broadcast_in_dim %408, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%838 = stablehlo.multiply %836, %837 : tensor<4x24xf32>
%839 = stablehlo.multiply %816, %820 : tensor<4x24xf32>
%840 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%841 = stablehlo.reduce(%839 init: %840) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%842 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%843 = stablehlo.reduce(%816 init: %842) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%844 = stablehlo.convert %838 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%845 = stablehlo.convert %arg34 : (tensor<24x96xf32>) -> tensor<24x96xbf16>
%846 = stablehlo.dot_general %844, %845, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x96xbf16>) -> tensor<4x96xbf16>
%847 = stablehlo.convert %371 : (tensor<4x96xbf16>) -> tensor<4x96xf32>
%848 = stablehlo.constant dense<1.000000000e+00> : tensor<4x96xf32>
%849 = stablehlo.constant dense<7.071067812e-01> : tensor<4x96xf32>
%850 = stablehlo.multiply %847, %849 : tensor<4x96xf32>
%851 = chlo.erf %850 : tensor<4x96xf32> -> tensor<4x96xf32>
%852 = stablehlo.add %851, %848 : tensor<4x96xf32>
%853 = stablehlo.constant dense<5.000000000e-01> : tensor<4x96xf32>
%854 = stablehlo.multiply %852, %853 : tensor<4x96xf32>
%855 = stablehlo.multiply %847, %847 : tensor<4x96xf32>
%856 = stablehlo.constant dense<-5.000000000e-01> : tensor<4x96xf32>
%857 = stablehlo.multiply %855, %856 : tensor<4x96xf32>
%858 = stablehlo.exponential %857 : tensor<4x96xf32>
%859 = stablehlo.constant dense<3.989422804e-01> : tensor<4x96xf32>
%860 = stablehlo.multiply %858, %859 : tensor<4x96xf32>
%861 = stablehlo.multiply %847, %854 : tensor<4x96xf32>
%862 = stablehlo.multiply %847, %860 : tensor<4x96xf32>
%863 = stablehlo.add %854, %862 : tensor<4x96xf32>
%864 = stablehlo.convert %846 : (tensor<4x96xbf16>) -> tensor<4x96xf32>
%865 = stablehlo.multiply %863, %864 : tensor<4x96xf32>
%866 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%867 = stablehlo.reduce(%865 init: %866) applies stablehlo.add across dimensions = [0] : (tensor<4x96xf32>, tensor<f32>) -> tensor<96xf32>
%868 = stablehlo.convert %865 : (tensor<4x96xf32>) -> tensor<4x96xbf16>
%869 = stablehlo.convert %arg32 : (tensor<96x24xf32>) -> tensor<96x24xbf16>
%870 = stablehlo.dot_general %868, %869, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x96xbf16>, tensor<96x24xbf16>) -> tensor<4x24xbf16>
%871 = stablehlo.convert %870 : (tensor<4x24xbf16>) -> tensor<4x24xf32>
%872 = stablehlo.broadcast_in_dim %349, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%873 = stablehlo.subtract %345, %872 : tensor<4x24xf32>
%874 = stablehlo.broadcast_in_dim %359, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%875 = stablehlo.multiply %873, %874 : tensor<4x24xf32>
%876 = stablehlo.broadcast_in_dim %arg30, dims = [1] : (tensor<24xf32>) -> tensor<4x24xf32>
%877 = stablehlo.multiply %871, %876 : tensor<4x24xf32>
%878 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%879 = stablehlo.reduce(%877 init: %878) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%880 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%881 = stablehlo.multiply %879, %880 : tensor<4xf32>
%882 = stablehlo.broadcast_in_dim %881, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%883 = stablehlo.subtract %877, %882 : tensor<4x24xf32>
%884 = stablehlo.multiply %877, %875 : tensor<4x24xf32>
%885 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%886 = stablehlo.reduce(%884 init: %885) applies stablehlo.add across dimensions = [1] : (tensor<4x24xf32>, tensor<f32>) -> tensor<4xf32>
%887 = stablehlo.constant dense<4.166666667e-02> : tensor<4xf32>
%888 = stablehlo.multiply %886, %887 : tensor<4xf32>
%889 = stablehlo.broadcast_in_dim %888, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%890 = stablehlo.multiply %875, %889 : tensor<4x24xf32>
%891 = stablehlo.subtract %883, %890 : tensor<4x24xf32>
%892 = stablehlo.broadcast_in_dim %359, dims = [0] : (tensor<4xf32>) -> tensor<4x24xf32>
%893 = stablehlo.multiply %891, %892 : tensor<4x24xf32>
%894 = stablehlo.multiply %871, %875 : tensor<4x24xf32>
%895 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%896 = stablehlo.reduce(%894 init: %895) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%897 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%898 = stablehlo.reduce(%871 init: %897) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%899 = stablehlo.add %838, %893 : tensor<4x24xf32>
%900 = stablehlo.constant dense<-2147483648> : tensor<i32>
%901 = stablehlo.reduce(%arg23 init: %900) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%902 = stablehlo.broadcast_in_dim %901, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
%903 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%904 = stablehlo.constant dense<8> : tensor<4x8xi32>
%905 = stablehlo.compare EQ, %arg23, %902 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%906 = stablehlo.select %905, %903, %904 : tensor<4x8xi1>, tensor<4x8xi32>
%907 = stablehlo.constant dense<2147483647> : tensor<i32>
%908 = stablehlo.reduce(%906 init: %907) applies stablehlo.minimum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%909 = stablehlo.constant dense<8> : tensor<4xi32>
%910 = stablehlo.compare LT, %908, %909 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
%911 = stablehlo.constant dense<0> : tensor<4xi32>
%912 = stablehlo.select %910, %908, %911 : tensor<4xi1>, tensor<4xi32>
%913 = stablehlo.iota dim = 1 : tensor<4x8x24xi32>
%914 = stablehlo.broadcast_in_dim %912, dims = [0] : (tensor<4xi32>) -> tensor<4x8x24xi32>
%915 = stablehlo.compare EQ, %913, %914 : (tensor<4x8x24xi32>, tensor<4x8x24xi32>) -> tensor<4x8x24xi1>
%916 = stablehlo.broadcast_in_dim %899, dims = [0, 2] : (tensor<4x24xf32>) -> tensor<4x8x24xf32>
%917 = stablehlo.constant dense<0.000000000e+00> : tensor<4x8x24xf32>
%918 = stablehlo.select %915, %916, %917 : tensor<4x8x24xi1>, tensor<4x8x24xf32>
%919 = stablehlo.reshape %918 : (tensor<4x8x24xf32>) -> tensor<32x24xf32>
%920 = stablehlo.convert %899 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%921 = stablehlo.convert %arg28 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%922 = stablehlo.dot_general %920, %921, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x24xbf16>) -> tensor<4x24xf32>
%923 = stablehlo.reshape %238 : (tensor<32x24xf32>) -> tensor<4x8x24xf32>
%924 = stablehlo.reshape %282 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%925 = stablehlo.reshape %318 : (tensor<12x8xf32>) -> tensor<4x3x8xf32>
%926 = stablehlo.constant dense<8> : tensor<4x3x24xi32>
%927 = stablehlo.iota dim = 1 : tensor<4x3x24xi32>
%928 = stablehlo.iota dim = 2 : tensor<4x3x24xi32>
%929 = stablehlo.divide %928, %926 : tensor<4x3x24xi32>
%930 = stablehlo.compare EQ, %927, %929 : (tensor<4x3x24xi32>, tensor<4x3x24xi32>) -> tensor<4x3x24xi1>
%931 = stablehlo.broadcast_in_dim %922, dims = [0, 2] : (tensor<4x24xf32>) -> tensor<4x3x24xf32>
%932 = stablehlo.constant dense<0.000000000e+00> : tensor<4x3x24xf32>
%933 = stablehlo.select %930, %931, %932 : tensor<4x3x24xi1>, tensor<4x3x24xf32>
%934 = stablehlo.reshape %933 : (tensor<4x3x24xf32>) -> tensor<12x24xf32>
%935 = stablehlo.slice %arg26 [48:72, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%936 = stablehlo.convert %934 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%937 = stablehlo.convert %935 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%938 = stablehlo.dot_general %936, %937, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<24x24xbf16>) -> tensor<12x24xf32>
%939 = stablehlo.convert %934 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%940 = stablehlo.convert %302 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%941 = stablehlo.dot_general %939, %940, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<12x24xbf16>) -> tensor<24x24xf32>
%942 = stablehlo.reshape %938 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%943 = stablehlo.dot_general %942, %923, batching_dims = [0] x [0], contracting_dims = [2] x [2], precision = [HIGHEST, HIGHEST] : (tensor<4x3x24xf32>, tensor<4x8x24xf32>) -> tensor<4x3x8xf32>
%944 = stablehlo.multiply %925, %943 : tensor<4x3x8xf32>
%945 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%946 = stablehlo.reduce(%944 init: %945) applies stablehlo.add across dimensions = [2] : (tensor<4x3x8xf32>, tensor<f32>) -> tensor<4x3xf32>
%947 = stablehlo.broadcast_in_dim %946, dims = [0, 1] : (tensor<4x3xf32>) -> tensor<4x3x8xf32>
%948 = stablehlo.subtract %943, %947 : tensor<4x3x8xf32>
%949 = stablehlo.multiply %925, %948 : tensor<4x3x8xf32>
%950 = stablehlo.constant dense<3.535533845e-01> : tensor<4x3x8xf32>
%951 = stablehlo.multiply %949, %950 : tensor<4x3x8xf32>
%952 = stablehlo.dot_general %951, %923, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x3x8xf32>, tensor<4x8x24xf32>) -> tensor<4x3x24xf32>
%953 = stablehlo.reshape %952 : (tensor<4x3x24xf32>) -> tensor<12x24xf32>
%954 = stablehlo.reshape %938 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%955 = stablehlo.dot_general %925, %954, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x3x8xf32>, tensor<4x3x24xf32>) -> tensor<4x8x24xf32>
%956 = stablehlo.dot_general %951, %924, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x3x8xf32>, tensor<4x3x24xf32>) -> tensor<4x8x24xf32>
%957 = stablehlo.add %955, %956 : tensor<4x8x24xf32>
%958 = stablehlo.convert %279 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%959 = stablehlo.convert %953 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%960 = stablehlo.dot_general %958, %959, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<12x24xbf16>) -> tensor<24x24xf32>
%961 = stablehlo.slice %arg26 [24:48, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%962 = stablehlo.convert %953 : (tensor<12x24xf32>) -> tensor<12x24xbf16>
%963 = stablehlo.convert %961 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%964 = stablehlo.dot_general %962, %963, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<12x24xbf16>, tensor<24x24xbf16>) -> tensor<12x24xf32>
%965 = stablehlo.constant dense<8> : tensor<4x3x24xi32>
%966 = stablehlo.iota dim = 1 : tensor<4x3x24xi32>
%967 = stablehlo.iota dim = 2 : tensor<4x3x24xi32>
%968 = stablehlo.divide %967, %965 : tensor<4x3x24xi32>
%969 = stablehlo.compare EQ, %966, %968 : (tensor<4x3x24xi32>, tensor<4x3x24xi32>) -> tensor<4x3x24xi1>
%970 = stablehlo.reshape %964 : (tensor<12x24xf32>) -> tensor<4x3x24xf32>
%971 = stablehlo.constant dense<0.000000000e+00> : tensor<4x3x24xf32>
%972 = stablehlo.select %969, %970, %971 : tensor<4x3x24xi1>, tensor<4x3x24xf32>
%973 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%974 = stablehlo.reduce(%972 init: %973) applies stablehlo.add across dimensions = [1] : (tensor<4x3x24xf32>, tensor<f32>) -> tensor<4x24xf32>
%975 = stablehlo.convert %974 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%976 = stablehlo.convert %259 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%977 = stablehlo.dot_general %975, %976, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<4x24xbf16>) -> tensor<24x24xf32>
%978 = stablehlo.slice %arg26 [0:24, 0:24] : (tensor<72x24xf32>) -> tensor<24x24xf32>
%979 = stablehlo.convert %974 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%980 = stablehlo.convert %978 : (tensor<24x24xf32>) -> tensor<24x24xbf16>
%981 = stablehlo.dot_general %979, %980, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<24x24xbf16>) -> tensor<4x24xf32>
%982 = stablehlo.constant dense<-2147483648> : tensor<i32>
%983 = stablehlo.reduce(%arg23 init: %982) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%984 = stablehlo.broadcast_in_dim %983, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
%985 = stablehlo.iota dim = 1 : tensor<4x8xi32>
%986 = stablehlo.constant dense<8> : tensor<4x8xi32>
%987 = stablehlo.compare EQ, %arg23, %984 : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
%988 = stablehlo.select %987, %985, %986 : tensor<4x8xi1>, tensor<4x8xi32>
%989 = stablehlo.constant dense<2147483647> : tensor<i32>
%990 = stablehlo.reduce(%988 init: %989) applies stablehlo.minimum across dimensions = [1] : (tensor<4x8xi32>, tensor<i32>) -> tensor<4xi32>
%991 = stablehlo.constant dense<8> : tensor<4xi32>
%992 = stablehlo.compare LT, %990, %991 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
%993 = stablehlo.constant dense<0> : tensor<4xi32>
%994 = stablehlo.select %992, %990, %993 : tensor<4xi1>, tensor<4xi32>
%995 = stablehlo.iota dim = 1 : tensor<4x8x24xi32>
%996 = stablehlo.broadcast_in_dim %994, dims = [0] : (tensor<4xi32>) -> tensor<4x8x24xi32>
%997 = stablehlo.compare EQ, %995, %996 : (tensor<4x8x24xi32>, tensor<4x8x24xi32>) -> tensor<4x8x24xi1>
%998 = stablehlo.broadcast_in_dim %981, dims = [0, 2] : (tensor<4x24xf32>) -> tensor<4x8x24xf32>
%999 = stablehlo.constant dense<0.000000000e+00> : tensor<4x8x24xf32>
%1000 = stablehlo.select %997, %998, %999 : tensor<4x8x24xi1>, tensor<4x8x24xf32>
%1001 = stablehlo.add %957, %1000 : tensor<4x8x24xf32>
%1002 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1003 = stablehlo.reduce(%974 init: %1002) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%1004 = stablehlo.constant dense<0.000000000e+00> : tensor<24xf32>
%1005 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1006 = stablehlo.reduce(%922 init: %1005) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%1007 = stablehlo.concatenate %1003, %1004, %1006, dim = 0 : (tensor<24xf32>, tensor<24xf32>, tensor<24xf32>) -> tensor<72xf32>
%1008 = stablehlo.reshape %1001 : (tensor<4x8x24xf32>) -> tensor<32x24xf32>
%1009 = stablehlo.concatenate %977, %960, %941, dim = 0 : (tensor<24x24xf32>, tensor<24x24xf32>, tensor<24x24xf32>) -> tensor<72x24xf32>
%1010 = stablehlo.broadcast_in_dim %222, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%1011 = stablehlo.subtract %218, %1010 : tensor<32x24xf32>
%1012 = stablehlo.broadcast_in_dim %232, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%1013 = stablehlo.multiply %1011, %1012 : tensor<32x24xf32>
%1014 = stablehlo.broadcast_in_dim %arg24, dims = [1] : (tensor<24xf32>) -> tensor<32x24xf32>
%1015 = stablehlo.multiply %1008, %1014 : tensor<32x24xf32>
%1016 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1017 = stablehlo.reduce(%1015 init: %1016) applies stablehlo.add across dimensions = [1] : (tensor<32x24xf32>, tensor<f32>) -> tensor<32xf32>
%1018 = stablehlo.constant dense<4.166666667e-02> : tensor<32xf32>
%1019 = stablehlo.multiply %1017, %1018 : tensor<32xf32>
%1020 = stablehlo.broadcast_in_dim %1019, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%1021 = stablehlo.subtract %1015, %1020 : tensor<32x24xf32>
%1022 = stablehlo.multiply %1015, %1013 : tensor<32x24xf32>
%1023 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1024 = stablehlo.reduce(%1022 init: %1023) applies stablehlo.add across dimensions = [1] : (tensor<32x24xf32>, tensor<f32>) -> tensor<32xf32>
%1025 = stablehlo.constant dense<4.166666667e-02> : tensor<32xf32>
%1026 = stablehlo.multiply %1024, %1025 : tensor<32xf32>
%1027 = stablehlo.broadcast_in_dim %1026, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%1028 = stablehlo.multiply %1013, %1027 : tensor<32x24xf32>
%1029 = stablehlo.subtract %1021, %1028 : tensor<32x24xf32>
%1030 = stablehlo.broadcast_in_dim %232, dims = [0] : (tensor<32xf32>) -> tensor<32x24xf32>
%1031 = stablehlo.multiply %1029, %1030 : tensor<32x24xf32>
%1032 = stablehlo.multiply %1008, %1013 : tensor<32x24xf32>
%1033 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1034 = stablehlo.reduce(%1032 init: %1033) applies stablehlo.add across dimensions = [0] : (tensor<32x24xf32>, tensor<f32>) -> tensor<24xf32>
%1035 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1036 = stablehlo.reduce(%1008 init: %1035) applies stablehlo.add across dimensions = [0] : (tensor<32x24xf32>, tensor<f32>) -> tensor<24xf32>
%1037 = stablehlo.add %919, %1031 : tensor<32x24xf32>
%1038 = stablehlo.reshape %1037 : (tensor<32x24xf32>) -> tensor<4x8x24xf32>
%1039 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1040 = stablehlo.reduce(%1038 init: %1039) applies stablehlo.add across dimensions = [0] : (tensor<4x8x24xf32>, tensor<f32>) -> tensor<8x24xf32>
%1041 = stablehlo.reshape %arg23 : (tensor<4x8xi32>) -> tensor<32xi32>
%1042 = stablehlo.constant dense<0.000000000e+00> : tensor<50x24xf32>
%1043 = "stablehlo.scatter"(%1042, %1041, %1037) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, indices_are_sorted = false, unique_indices = false}> ({
^bb0(%p: tensor<f32>, %q: tensor<f32>):
  %r = stablehlo.add %p, %q : tensor<f32>
  stablehlo.return %r : tensor<f32>
}) : (tensor<50x24xf32>, tensor<32xi32>, tensor<32x24xf32>) -> tensor<50x24xf32>
%1044 = stablehlo.convert %812 : (tensor<4x16xf32>) -> tensor<4x16xbf16>
%1045 = stablehlo.dot_general %415, %1044, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<4x16xbf16>) -> tensor<24x16xf32>
%1046 = stablehlo.convert %899 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%1047 = stablehlo.convert %317 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%1048 = stablehlo.dot_general %1046, %1047, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<4x24xbf16>) -> tensor<24x24xf32>
%1049 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1050 = stablehlo.reduce(%899 init: %1049) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
%1051 = stablehlo.dot_general %868, %366, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x96xbf16>, tensor<4x24xbf16>) -> tensor<96x24xf32>
%1052 = stablehlo.convert %838 : (tensor<4x24xf32>) -> tensor<4x24xbf16>
%1053 = stablehlo.dot_general %1052, %389, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x24xbf16>, tensor<4x96xbf16>) -> tensor<24x96xf32>
%1054 = stablehlo.constant dense<0.000000000e+00> : tensor<f32>
%1055 = stablehlo.reduce(%838 init: %1054) applies stablehlo.add across dimensions = [0] : (tensor<4x24xf32>, tensor<f32>) -> tensor<24xf32>
return %471, %211, %425, %546, %789, %792, %785, %780, %782, %583, %585, %794, %752, %754, %727, %725, %797, %799, %638, %640, %800, %609, %802, %804, %1043, %1040, %841, %843, %1045, %1034, %1036, %1009, %1007, %1048, %1050, %896, %898, %1051, %867, %1053, %1055 : tensor<f32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<1xf32>, tensor<32xf32>, tensor<32x192xf32>, tensor<5x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>, tensor<96x32xf32>, tensor<96xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<128x32xf32>, tensor<128xf32>, tensor<32x128xf32>, tensor<32xf32>, tensor<50x24xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<24x16xf32>, tensor<24xf32>, tensor<24xf32>, tensor<72x24xf32>, tensor<72xf32>, tensor<24x24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<24xf32>, tensor<96x24xf32>, tensor<96xf32>, tensor<24x96xf32>, tensor<24xf32>
}
}
